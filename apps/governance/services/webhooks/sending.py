"""From deliveries to other systems: at least once, in signed messages, later and later, and in the end given up.

A subscription is reconciled under a lease, so one worker sends for it at a time. A server that is down is asked once
for each look, and holds up nobody but itself.
"""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.services import system_account
from apps.core.retries import retry_wait_s
from apps.core.sealing import SealBrokenError
from apps.core.text import kept_text
from apps.governance.models import WebhookDelivery, WebhookSubscription
from apps.governance.services.webhooks import attempts
from apps.governance.services.webhooks.attempts import Outcome, Verdict
from apps.governance.services.webhooks.subscriptions import disable_webhook, signing_secrets
from apps.governance.states import DeliveryStatus

ROUND = 50  # messages of one look; a larger pile takes several
ATTEMPTS = 15  # the last comes about a day after the first
WAITS_AT_MOST = timedelta(days=1)  # for a server that is down all the while
DISABLED_AFTER = timedelta(days=3)
DOWN_WAIT_MOST_S = 15 * 60
AFTER_TROUBLE_S = 60.0


def send_due(subscription: WebhookSubscription) -> float | None:
    """Send what is due of a leased subscription; return in how many seconds to look again. For `reconcile`.

    Raises:
        LeaseLostError: another worker sends for it now.
    """
    if not subscription.is_enabled:
        return None
    try:
        secrets = signing_secrets(subscription)
    except SealBrokenError as error:
        disable_webhook(actor=system_account(), subscription=subscription, because=str(error))
        return None
    was_down = subscription.times_down > 0
    beat = subscription.heartbeat()
    due = subscription.deliveries.filter(status=DeliveryStatus.PENDING, next_attempt_at__lte=timezone.now())
    for delivery_id in list(due.order_by("next_attempt_at", "id").values_list("pk", flat=True)[:ROUND]):
        beat()
        delivery = _begin(subscription, delivery_id)
        if delivery is None:
            continue
        outcome = attempts.attempt(subscription.url, delivery, secrets)
        _end(subscription, delivery, outcome)
        is_down = outcome.verdict is Verdict.DOWN
        has_given_up = delivery.status == DeliveryStatus.FAILED or (is_down and _give_up_old(subscription))
        # Asked only when something is given up: after days without events, one failure is no reason.
        if outcome.verdict is Verdict.GONE or (has_given_up and _has_failed_for(subscription, DISABLED_AFTER)):
            disable_webhook(actor=system_account(), subscription=subscription, because=outcome.trouble)
            return None
        if is_down:
            return max(_wait_while_down(subscription), float(outcome.retry_after_s))
    return _until_next(subscription, was_down=was_down)


def _begin(subscription: WebhookSubscription, delivery_id: UUID) -> WebhookDelivery | None:
    """Count the attempt before it is made, so that one that kills the worker is counted too."""
    with transaction.atomic():
        subscription.hold_lease()
        rows = WebhookDelivery.objects.select_for_update()
        delivery = rows.filter(pk=delivery_id, status=DeliveryStatus.PENDING).first()
        if delivery is None:
            return None
        now = timezone.now()
        delivery.attempts += 1
        delivery.last_attempt_at = now
        delivery.next_attempt_at = now + timedelta(seconds=retry_wait_s(delivery.attempts))
        delivery.save(update_fields=["attempts", "last_attempt_at", "next_attempt_at"])
        return delivery


def _end(subscription: WebhookSubscription, delivery: WebhookDelivery, outcome: Outcome) -> None:
    now = timezone.now()
    is_delivered = outcome.verdict is Verdict.ACCEPTED
    if is_delivered:
        delivery.status, delivery.delivered_at = DeliveryStatus.DELIVERED, now
    elif delivery.attempts >= ATTEMPTS:
        delivery.status = DeliveryStatus.FAILED
    delivery.trouble = kept_text(outcome.trouble)
    delivery.answer_status, delivery.answer_ms = outcome.status, outcome.duration_ms
    delivery.answer_excerpt = kept_text(outcome.excerpt)
    with transaction.atomic():
        subscription.hold_lease()
        # An update of what is there: the delivery may have been forgotten meanwhile.
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            status=delivery.status,
            delivered_at=delivery.delivered_at,
            trouble=delivery.trouble,
            answer_status=delivery.answer_status,
            answer_ms=delivery.answer_ms,
            answer_excerpt=delivery.answer_excerpt,
        )
        is_down = outcome.verdict is Verdict.DOWN
        subscription.save_observed(
            last_delivered_at=now if is_delivered else subscription.last_delivered_at,
            failing_since=None if is_delivered else subscription.failing_since or now,
            times_down=subscription.times_down + 1 if is_down else 0,
        )


def _give_up_old(subscription: WebhookSubscription) -> int:
    """Give up what has waited longest for a server that has been down for a day; return how many.

    Such a server is asked once for each look, so the messages behind it would wait for attempts that never come.
    """
    if not _has_failed_for(subscription, WAITS_AT_MOST):
        return 0
    old = subscription.deliveries.filter(
        status=DeliveryStatus.PENDING, waiting_since__lte=timezone.now() - WAITS_AT_MOST
    )
    with transaction.atomic():
        subscription.hold_lease()
        return old.update(status=DeliveryStatus.FAILED, trouble="Given up: the server has been down for a day.")


def _has_failed_for(subscription: WebhookSubscription, duration: timedelta) -> bool:
    return subscription.failing_since is not None and timezone.now() - subscription.failing_since >= duration


def _wait_while_down(subscription: WebhookSubscription) -> float:
    return retry_wait_s(subscription.times_down, most_s=DOWN_WAIT_MOST_S)


def _until_next(subscription: WebhookSubscription, *, was_down: bool) -> float | None:
    """Return in how many seconds the next message is due; None while there is none.

    After trouble there is one more look: an event that came while the server was down did not wake the subscription.
    """
    pending = subscription.deliveries.filter(status=DeliveryStatus.PENDING).order_by("next_attempt_at")
    due_at = pending.values_list("next_attempt_at", flat=True).first()
    if due_at is None:
        return AFTER_TROUBLE_S if was_down else None
    return max(0.0, (due_at - timezone.now()).total_seconds())
