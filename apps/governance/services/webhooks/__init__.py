"""Webhooks: subscriptions, from the audit trail to deliveries, and from deliveries to other systems."""

from apps.governance.services.webhooks.dispatching import dispatch_events
from apps.governance.services.webhooks.replaying import forget_old_deliveries, replay_delivery, replay_events
from apps.governance.services.webhooks.sending import send_due
from apps.governance.services.webhooks.subscriptions import (
    NewSecret,
    create_webhook,
    delete_webhook,
    disable_webhook,
    ping_webhook,
    rotate_webhook_secret,
    update_webhook,
)

__all__ = [
    "NewSecret",
    "create_webhook",
    "delete_webhook",
    "disable_webhook",
    "dispatch_events",
    "forget_old_deliveries",
    "ping_webhook",
    "replay_delivery",
    "replay_events",
    "rotate_webhook_secret",
    "send_due",
    "update_webhook",
]
