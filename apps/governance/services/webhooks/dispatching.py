"""From the audit trail to deliveries. The trail is the outbox: what changes writes nothing beside its audit event.

A dispatcher reads on from a cursor (transaction, id) up to the oldest transaction that may still run, so that it misses
nothing that commits late. Deliveries and cursor are written in one transaction: a dispatcher that is killed leaves
either both or neither.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.core.reconcile import wake
from apps.governance.models import AuditEvent, WebhookCursor, WebhookDelivery, WebhookSubscription
from apps.governance.services.webhooks.payloads import bodies_of

log = structlog.get_logger(__name__)

BATCH = 500
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)
# Older events are never dispatched, only replayed. Shorter than deliveries are kept, so that reading the trail anew
# finds what was sent already; see `_began_anew`.
DISPATCHED_FOR = timedelta(days=7)


def dispatch_events() -> int:
    """Make the deliveries of all events that are not dispatched yet; return how many were made.

    May be called at any time and by many at once: one works, the others return.
    """
    made = 0
    while True:
        with transaction.atomic():
            found, more = _dispatch_batch()
        made += found
        if not more:
            return made


def first_running_transaction() -> int:
    """Return the oldest transaction that may still be running: all below it have ended, and are seen from now on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def make_deliveries(wanted: list[tuple[WebhookSubscription, AuditEvent]]) -> None:
    """Make a delivery of each event to its subscription, due now; one that exists already stays as it is."""
    bodies = bodies_of({event.pk: event for _, event in wanted}.values())
    now = timezone.now()
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                subscription=subscription,
                event=event,
                event_type=event.action,
                body=bodies[event.pk],
                next_attempt_at=now,
            )
            for subscription, event in wanted
        ],
        ignore_conflicts=True,
        batch_size=BATCH,
    )


def wake_subscriptions(subscriptions: Iterable[WebhookSubscription]) -> None:
    """Have the subscriptions send what is due. One that is down keeps the time at which it is tried again."""
    for subscription in subscriptions:
        is_waiting = subscription.times_down and not subscription.lease_token and subscription.next_look_at
        if not is_waiting:
            wake(subscription)


def _dispatch_batch() -> tuple[int, bool]:
    """Dispatch at most `BATCH` events; return how many deliveries were made, and whether there may be more events."""
    horizon = first_running_transaction()
    WebhookCursor.objects.get_or_create(pk=1, defaults={"event_id": FIRST})
    if not _beyond(WebhookCursor.objects.get(), horizon).exists():
        return 0, False  # the usual case, which writes nothing and locks nobody out
    cursor = WebhookCursor.objects.select_for_update(skip_locked=True).first()
    if cursor is None:
        return 0, False  # another dispatcher is at it
    _began_anew(cursor, horizon)
    subscriptions = list(WebhookSubscription.objects.filter(is_enabled=True))
    if not subscriptions:
        _move(cursor, horizon - 1, LAST)
        return 0, False
    events = list(_beyond(cursor, horizon).select_related("actor", "team", "subject_type").order_by("tx", "id")[:BATCH])
    if not events:
        return 0, False
    wanted = _wanted(subscriptions, events)
    make_deliveries(wanted)
    wake_subscriptions({subscription for subscription, _ in wanted})
    _move(cursor, events[-1].tx, events[-1].pk)
    return len(wanted), len(events) == BATCH


def _wanted(
    subscriptions: list[WebhookSubscription], events: list[AuditEvent]
) -> list[tuple[WebhookSubscription, AuditEvent]]:
    """Return which subscription is told of which event: of its own team's alone."""
    by_team: dict[UUID, list[WebhookSubscription]] = {}
    for subscription in subscriptions:
        by_team.setdefault(subscription.owner_team_id, []).append(subscription)
    oldest = timezone.now() - DISPATCHED_FOR
    if old := sum(event.at < oldest for event in events):
        log.warning("webhooks.events_too_old", count=old, until=oldest.isoformat())
    return [
        (subscription, event)
        for event in events
        if event.team_id is not None and event.at >= oldest
        for subscription in by_team.get(event.team_id, [])
        if event.at >= subscription.created_at and subscription.asks_for(event.action)
    ]


def _beyond(cursor: WebhookCursor, horizon: int) -> QuerySet[AuditEvent]:
    """Events after the cursor whose transactions have all ended; all of them, if their numbers have begun anew."""
    ended = AuditEvent.objects.filter(tx__lt=horizon)
    if cursor.tx >= horizon:
        return ended
    # The first condition says no more than the second; it is what the index is searched by.
    return ended.filter(tx__gte=cursor.tx).filter(Q(tx__gt=cursor.tx) | Q(tx=cursor.tx, id__gt=cursor.event_id))


def _began_anew(cursor: WebhookCursor, horizon: int) -> None:
    """Go back to the start when transactions count from below the cursor, as after a restore into a new server.

    Nothing is sent twice: events of the last days find their deliveries, and older ones are not dispatched.
    """
    if cursor.tx >= horizon:
        log.warning("webhooks.transactions_began_anew", cursor=cursor.tx, horizon=horizon)
        _move(cursor, 0, FIRST)


def _move(cursor: WebhookCursor, tx: int, event_id: UUID) -> None:
    cursor.tx, cursor.event_id = tx, event_id
    cursor.save(update_fields=["tx", "event_id"])
