"""The ways to tell people that the settings name; by default there is none."""

from django.conf import settings

from apps.integrations.notification.base import Notifier
from apps.integrations.notification.email import EmailNotifier
from apps.integrations.notification.webhook import WebhookNotifier


def notifiers() -> dict[str, Notifier]:
    """Return the notifiers of this portal, by channel."""
    found: list[Notifier] = []
    if settings.NOTICES["by_email"]:
        found.append(EmailNotifier())
    if settings.NOTICES["webhook_url"]:
        found.append(WebhookNotifier(settings.NOTICES["webhook_url"], settings.NOTICES["webhook_secret"]))
    return {notifier.channel: notifier for notifier in found}
