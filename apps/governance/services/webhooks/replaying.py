"""Sending again: one delivery, or everything since a time. And forgetting what is over."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import InvalidInputError
from apps.core.reconcile import wake
from apps.governance.errors import TooManyEventsError, WebhookDisabledError
from apps.governance.models import AuditEvent, WebhookDelivery, WebhookSubscription
from apps.governance.services.audit import record_event
from apps.governance.services.webhooks.dispatching import make_deliveries
from apps.governance.services.webhooks.subscriptions import locked_for_writing
from apps.governance.states import DeliveryStatus

KEPT_FOR = timedelta(days=30)
MOST_REPLAYED = 10_000


@transaction.atomic
def replay_delivery(*, actor: User, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send a delivery again, with the same id and body, whatever became of it.

    Raises:
        WebhookDisabledError: its subscription is switched off.
    """
    subscription = _enabled(actor, delivery.subscription)
    _make_due(subscription, [delivery.pk])
    wake(subscription)
    after = {"delivery_id": str(delivery.pk), "event_type": delivery.event_type}
    record_event(actor=actor, action="webhooksubscription.replay", subject=subscription, after=after)
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def replay_events(*, actor: User, subscription: WebhookSubscription, since: datetime) -> int:
    """Send all of the team's events since a time that the subscription asks for, delivered or not; return how many.

    Raises:
        WebhookDisabledError: it is switched off.
        InvalidInputError: the time lies further back than deliveries are kept.
        TooManyEventsError: begin later.
    """
    locked = _enabled(actor, subscription)
    if since < timezone.now() - KEPT_FOR:
        raise InvalidInputError(fields={"since": [f"Events of the last {KEPT_FOR.days} days can be sent again."]})
    events = AuditEvent.objects.filter(team_id=locked.owner_team_id, at__gte=since).order_by("id")
    found = list(events.select_related("actor", "team", "subject_type")[: MOST_REPLAYED + 1])
    if len(found) > MOST_REPLAYED:
        raise TooManyEventsError(most=MOST_REPLAYED)
    wanted = [event for event in found if locked.asks_for(event.action)]
    make_deliveries([(locked, event) for event in wanted])
    again = locked.deliveries.filter(event__in=wanted)
    count = _make_due(locked, list(again.values_list("pk", flat=True)))
    wake(locked)
    after = {"since": since.isoformat(), "deliveries": count}
    record_event(actor=actor, action="webhooksubscription.replay", subject=locked, after=after)
    return count


def forget_old_deliveries() -> int:
    """Delete deliveries that are older than they are kept, and not being sent again; return how many."""
    before = timezone.now() - KEPT_FOR
    return WebhookDelivery.objects.filter(created_at__lt=before, next_attempt_at__lt=before).delete()[0]


def _enabled(actor: User, subscription: WebhookSubscription) -> WebhookSubscription:
    locked = locked_for_writing(actor, subscription)
    if not locked.is_enabled:
        raise WebhookDisabledError(name=locked.name)
    return locked


def _make_due(subscription: WebhookSubscription, delivery_ids: list[UUID]) -> int:
    now = timezone.now()
    return WebhookDelivery.objects.filter(subscription=subscription, pk__in=delivery_ids).update(
        status=DeliveryStatus.PENDING, attempts=0, waiting_since=now, next_attempt_at=now, delivered_at=None
    )
