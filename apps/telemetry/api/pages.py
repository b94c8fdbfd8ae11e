"""Pages of request events, in the shape of `core.api.pages`, which does not fit: their key is time and id together."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from apps.core.api.pages import DEFAULT_LIMIT, MAX_LIMIT
from apps.core.counting import total_of
from apps.telemetry.models import RequestEvent
from apps.telemetry.spool import moment_of


class PageIn(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT)
    cursor = serializers.UUIDField(required=False, help_text="The 'next' of the page before.")


def events_page(
    request: Request, events: QuerySet[RequestEvent], serialize: Callable[[RequestEvent], Any]
) -> dict[str, Any]:
    """Return one page of `events` as `{"items", "next", "total"}`, newest first; `total` is null above 10,000."""
    asked = PageIn(
        data={name: request.query_params[name] for name in ("limit", "cursor") if name in request.query_params}
    )
    asked.is_valid(raise_exception=True)
    limit, cursor = asked.validated_data["limit"], asked.validated_data.get("cursor")
    ordered = events.order_by("-at", "-id")
    rows = list((ordered.filter(_older_than(cursor)) if cursor else ordered)[: limit + 1])
    return {
        "items": [serialize(row) for row in rows[:limit]],
        "next": str(rows[limit - 1].id) if len(rows) > limit else None,
        "total": total_of(events) if cursor or len(rows) > limit else len(rows),
    }


def _older_than(event_id: UUID) -> Q:
    # The moment first, by which the table is partitioned and indexed; the id decides within a millisecond.
    at = moment_of(event_id)
    return Q(at__lt=at) | Q(at=at, id__lt=event_id)
