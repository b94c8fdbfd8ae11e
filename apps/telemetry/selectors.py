"""Reads of telemetry: which requests an actor may see, and what they add up to."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Aggregate, Count, FloatField, Q, QuerySet, Sum
from django.db.models.functions import TruncHour

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.telemetry.errors import BadWindowError, RequestNotFoundError
from apps.telemetry.models import RequestEvent
from apps.telemetry.spool import moment_of

TAKEN_OVER_WITHIN_S = 60  # it takes two seconds, and longer when the worker is busy or away
_FAILED = Q(outcome__in=[RequestEvent.Outcome.UPSTREAM_ERROR, RequestEvent.Outcome.CUT])


def visible_events(*, actor: User) -> QuerySet[RequestEvent]:
    """Requests to routes of teams where `actor` may read, and the actor's own, newest first."""
    events = RequestEvent.objects.select_related("team", "user").order_by("-at", "-id")
    return visible_to(actor, events) | events.filter(user_id=actor.pk)


def filtered_events(*, actor: User, asked: dict[str, Any]) -> QuerySet[RequestEvent]:
    """Visible requests by route, model version, endpoint, caller, outcome, surface and time.

    Raises:
        BadWindowError: `since` lies after `until`.
    """
    lookups = {"since": "at__gte", "until": "at__lt", "owner_team": "team__slug", "user": "user__username"}
    since, until = asked.get("since"), asked.get("until")
    if since and until and since > until:
        raise BadWindowError(fields={"since": ["Lies after 'until'."]})
    return visible_events(actor=actor).filter(**{lookups.get(name, name): value for name, value in asked.items()})


def visible_event(*, actor: User, request_id: str) -> RequestEvent:
    """Return one request by the gateway's id, or by the id that the caller gave it (the newest of that id).

    Raises:
        RequestNotFoundError: there is none, it is not taken over yet, or `actor` may not see it.
    """
    found = visible_events(actor=actor).filter(_identified(request_id)).first()
    if found is None:
        raise RequestNotFoundError(request_id=request_id)
    return found


def is_on_its_way(request_id: UUID) -> bool:
    """Whether a request of this id, which the gateway gave it, may have been answered and not be taken over yet."""
    age_s = time.time() - (request_id.int >> 80) / 1000
    if request_id.version != 7 or not 0 <= age_s < TAKEN_OVER_WITHIN_S:
        return False
    return not RequestEvent.objects.filter(id=request_id, at=moment_of(request_id)).exists()


@dataclass(frozen=True, slots=True)
class Traffic:
    """What requests add up to. Times in milliseconds; None where there was no answered request."""

    requests: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    p50_ms: float | None
    p95_ms: float | None

    @property
    def failed_share(self) -> float:
        return self.failed / self.requests if self.requests else 0.0


def traffic(events: QuerySet[RequestEvent]) -> Traffic:
    """Return what `events` add up to, in one query. A request fails when its upstream does or it is cut off."""
    answered = Q(outcome=RequestEvent.Outcome.OK)
    sums = events.order_by().aggregate(
        requests=Count("id"),
        failed=Count("id", filter=_FAILED),
        prompt_tokens=Sum("prompt_tokens", default=0),
        completion_tokens=Sum("completion_tokens", default=0),
        p50_ms=Percentile("latency_ms", share=0.5, filter=answered),
        p95_ms=Percentile("latency_ms", share=0.95, filter=answered),
    )
    return Traffic(**sums)


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened in the hour that begins then (UTC). Whoever went away before the end counts as answered."""

    begins_at: datetime
    answered: int
    refused: int
    failed: int


def requests_by_hour(events: QuerySet[RequestEvent]) -> list[Hour]:
    """Return the hours in which there was a request, in one query."""
    refused = Q(outcome=RequestEvent.Outcome.REFUSED)
    hours = (
        events.order_by()
        .annotate(begins_at=TruncHour("at", tzinfo=UTC))
        .values("begins_at")
        .annotate(
            answered=Count("id", filter=~(refused | _FAILED)),
            refused=Count("id", filter=refused),
            failed=Count("id", filter=_FAILED),
        )
        .order_by("begins_at")
    )
    return [Hour(**hour) for hour in hours]


def events_of_endpoint(endpoint_id: UUID, *, since: datetime) -> QuerySet[RequestEvent]:
    """Requests of one endpoint; the caller has checked that the endpoint may be seen."""
    return RequestEvent.objects.filter(endpoint_id=endpoint_id, at__gte=since)


class Percentile(Aggregate):
    """PostgreSQL's continuous percentile: the value below which `share` of the rows lie."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: str, *, share: float, filter: Q | None = None) -> None:  # noqa: A002  # Django's name
        super().__init__(expression, share=f"{share:f}", filter=filter)


def _identified(request_id: str) -> Q:
    try:
        own = UUID(request_id)
    except ValueError:
        return Q(client_request_id=request_id)
    # The moment in the id names the day, so that one partition is searched and not all.
    named = Q(client_request_id=request_id)
    return Q(id=own, at=moment_of(own)) | named if own.version == 7 else named
