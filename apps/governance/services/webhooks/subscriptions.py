"""Subscriptions: made, changed, switched off, deleted.

Writing needs MANAGE on the team, and AUDIT too: a subscription sends the team's audit trail elsewhere, and nobody gets
by way of it what they may not read.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import people_with, require, require_on_team
from apps.core.canonical import sha256_digest
from apps.core.errors import InvalidInputError
from apps.core.reconcile import wake
from apps.core.sealing import SealBrokenError, seal, unseal
from apps.governance.errors import TooManyWebhooksError, WebhookDisabledError, WebhookNameTakenError
from apps.governance.models import WebhookDelivery, WebhookSubscription
from apps.governance.models.webhooks import SEALED_FOR
from apps.governance.services.audit import record_event
from apps.governance.services.notices import notify
from apps.governance.services.webhooks.payloads import PING, ping_body
from apps.integrations import egress
from apps.integrations.egress.signing import new_secret

MOST_OF_A_TEAM = 20
MOST_PATTERNS = 50
OVERLAP = timedelta(hours=24)
CHANGEABLE = ("name", "url", "events", "is_enabled")
PATTERN = re.compile(r"\*|[a-z_]+\.(\*|[a-z_]+)")


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A subscription with its secret, which is shown once."""

    subscription: WebhookSubscription
    secret: str


@transaction.atomic
def create_webhook(*, actor: User, team: Team, name: str, url: str, events: list[str]) -> NewSecret:
    """Have an address told of the team's audit events from now on.

    Raises:
        InvalidInputError: the address or a pattern is none; `fields` says which.
        WebhookNameTakenError, TooManyWebhooksError: the team has it already, or too many.
    """
    require_on_team(actor, Permission.MANAGE, team)
    require_on_team(actor, Permission.AUDIT, team)
    # Two managers at once would else both see room for one more.
    Team.objects.select_for_update().get(pk=team.pk)
    if WebhookSubscription.objects.filter(owner_team=team).count() >= MOST_OF_A_TEAM:
        raise TooManyWebhooksError(most=MOST_OF_A_TEAM)
    secret = new_secret()
    subscription = WebhookSubscription(
        owner_team=team,
        name=name,
        url=_checked_url(url),
        events=_checked_patterns(events),
        created_by=actor,
        created_at=timezone.now(),
        next_look_at=None,
    )
    subscription.secret = _sealed(secret, subscription)
    _save(subscription)
    record_event(actor=actor, action="webhooksubscription.create", subject=subscription, after=_described(subscription))
    return NewSecret(subscription, secret)


@transaction.atomic
def update_webhook(
    *,
    actor: User,
    subscription: WebhookSubscription,
    name: str | None = None,
    url: str | None = None,
    events: list[str] | None = None,
    is_enabled: bool | None = None,
) -> WebhookSubscription:
    """Change what is given. Switched on again, it sends what was waiting; events of between are not sent by themselves.

    Raises:
        InvalidInputError, WebhookNameTakenError: see `create_webhook`.
    """
    locked = locked_for_writing(actor, subscription)
    before = _described(locked)
    locked.name = locked.name if name is None else name
    locked.url = locked.url if url is None else _checked_url(url)
    locked.events = locked.events if events is None else _checked_patterns(events)
    if is_enabled is not None and is_enabled != locked.is_enabled:
        locked.is_enabled, locked.disabled_because = is_enabled, ""
        locked.failing_since = None
    after = _described(locked)
    if after == before:
        return locked
    locked.times_down = 0  # whoever mends an address wants to see at once whether it works
    _save(locked, update_fields=[*CHANGEABLE, "disabled_because", "failing_since", "times_down"])
    wake(locked)
    record_event(actor=actor, action="webhooksubscription.update", subject=locked, before=before, after=after)
    return locked


@transaction.atomic
def rotate_webhook_secret(*, actor: User, subscription: WebhookSubscription) -> NewSecret:
    """Make a new secret. For a day, messages are signed with the one before as well."""
    locked = locked_for_writing(actor, subscription)
    secret = new_secret()
    until = timezone.now() + OVERLAP if _is_readable(locked) else None
    locked.old_secret, locked.old_secret_until = locked.secret if until else "", until
    locked.secret = _sealed(secret, locked)
    locked.save(update_fields=["secret", "old_secret", "old_secret_until"])
    after = {"old_secret_until": until.isoformat() if until else None}
    record_event(actor=actor, action="webhooksubscription.rotate_secret", subject=locked, after=after)
    return NewSecret(locked, secret)


@transaction.atomic
def ping_webhook(*, actor: User, subscription: WebhookSubscription) -> WebhookDelivery:
    """Send a test message, on the way of all others.

    Raises:
        WebhookDisabledError: it is switched off.
    """
    locked = locked_for_writing(actor, subscription)
    if not locked.is_enabled:
        raise WebhookDisabledError(name=locked.name)
    now = timezone.now()
    delivery = WebhookDelivery.objects.create(
        subscription=locked, event_type=PING, body=ping_body(at=now, webhook=locked.name), next_attempt_at=now
    )
    wake(locked)
    after = {"delivery_id": str(delivery.pk)}
    record_event(actor=actor, action="webhooksubscription.ping", subject=locked, after=after)
    return delivery


@transaction.atomic
def delete_webhook(*, actor: User, subscription: WebhookSubscription) -> None:
    """Delete a subscription with the record of its deliveries; the audit trail keeps what it was."""
    locked = locked_for_writing(actor, subscription)
    record_event(actor=actor, action="webhooksubscription.delete", subject=locked, before=_described(locked))
    locked.delete()


@transaction.atomic
def disable_webhook(*, actor: User, subscription: WebhookSubscription, because: str) -> None:
    """Switch a subscription off that cannot go on, and tell who made it and the team's managers."""
    locked = WebhookSubscription.objects.select_for_update().filter(pk=subscription.pk, is_enabled=True).first()
    if locked is None:
        return
    locked.is_enabled, locked.disabled_because = False, because
    locked.save(update_fields=["is_enabled", "disabled_because"])
    record_event(
        actor=actor,
        action="webhooksubscription.disable",
        subject=locked,
        before={"is_enabled": True},
        after={"is_enabled": False},
        reason=because,
    )
    notify(
        users=[locked.created_by, *people_with(Permission.MANAGE, locked.owner_team_id)],
        kind="webhook.disabled",
        title=f"The webhook '{locked.name}' was switched off",
        body=f"{because} Mend it, switch it on again, and replay what it missed.",
        url=locked.get_absolute_url(),
        subject=locked,
    )


def signing_secrets(subscription: WebhookSubscription) -> list[str]:
    """Return what messages are signed with: the secret, and while they overlap the one before.

    Raises:
        SealBrokenError: the portal's own key has changed.
    """
    sealed = [subscription.secret]
    if subscription.signs_with_old_secret:
        sealed.append(subscription.old_secret)
    return [unseal(each, purpose=SEALED_FOR, owner=str(subscription.pk)) for each in sealed]


def _is_readable(subscription: WebhookSubscription) -> bool:
    try:
        unseal(subscription.secret, purpose=SEALED_FOR, owner=str(subscription.pk))
    except SealBrokenError:
        return False
    return True


def _sealed(secret: str, subscription: WebhookSubscription) -> str:
    return seal(secret, purpose=SEALED_FOR, owner=str(subscription.pk))


def locked_for_writing(actor: User, subscription: WebhookSubscription) -> WebhookSubscription:
    """Return the row, locked, if `actor` may write to it."""
    require(actor, Permission.AUDIT, subscription)
    require(actor, Permission.MANAGE, subscription)
    return WebhookSubscription.objects.select_for_update().get(pk=subscription.pk)


def _save(subscription: WebhookSubscription, *, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            subscription.save(update_fields=update_fields)
    except IntegrityError:
        raise WebhookNameTakenError(name=subscription.name) from None


def _described(subscription: WebhookSubscription) -> dict[str, Any]:
    """Return what the audit trail says of a subscription. Of its address, the origin: the path may be secret."""
    address = urlsplit(subscription.url)
    return {
        "name": subscription.name,
        "origin": f"{address.scheme}://{address.netloc}",
        "url_digest": sha256_digest(subscription.url.encode()),
        "events": subscription.events,
        "is_enabled": subscription.is_enabled,
    }


def _checked_url(url: str) -> str:
    try:
        return egress.check_url(url.strip()).url
    except egress.EgressRefusedError as error:
        raise InvalidInputError(str(error), fields={"url": [str(error)]}) from None


def _checked_patterns(events: list[str]) -> list[str]:
    patterns = list(dict.fromkeys(events))
    if not 1 <= len(patterns) <= MOST_PATTERNS:
        raise InvalidInputError(fields={"events": [f"Give 1 to {MOST_PATTERNS} patterns, such as modelversion.*"]})
    for pattern in patterns:
        if not PATTERN.fullmatch(pattern):
            why = f"'{pattern[:60]}' is no pattern. Write modelversion.*, approvalrequest.open, or * for every event."
            raise InvalidInputError(why, fields={"events": [why]})
    return patterns
