"""Pages of the list of requests, shaped as `core.web.lists` has them; that one cannot page by time and id together."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from apps.core.counting import total_of
from apps.core.errors import InvalidInputError
from apps.core.web.lists import PAGE_SIZE, ListPage
from apps.telemetry.models import RequestEvent
from apps.telemetry.spool import moment_of


def events_list(request: HttpRequest, events: QuerySet[RequestEvent]) -> ListPage[RequestEvent]:
    """Return the page of `events` that `?after=` and `?before=` ask for, newest first.

    Raises:
        InvalidInputError: the cursor is none.
    """
    after, before = _cursor(request.GET.get("after")), _cursor(request.GET.get("before"))
    cursor, backwards = after or before, before is not None and after is None
    ordered = events.order_by("at", "id") if backwards else events.order_by("-at", "-id")
    if cursor is not None:
        ordered = ordered.filter(_beyond(cursor, newer=backwards))
    rows = list(ordered[: PAGE_SIZE + 1])
    more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    return ListPage(
        rows=rows,
        total=total_of(events) if more or cursor else len(rows),
        sort="-created",
        newer=str(rows[0].id) if rows and (more if backwards else after) else None,
        older=str(rows[-1].id) if rows and (backwards or more) else None,
    )


def _cursor(given: str | None) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        why = "This link to a page of the list is damaged. Start at the first page."
        raise InvalidInputError(why, fields={"cursor": [why]}) from None


def _beyond(event_id: UUID, *, newer: bool) -> Q:
    at, way = moment_of(event_id), "gt" if newer else "lt"
    return Q(**{f"at__{way}": at}) | Q(**{"at": at, f"id__{way}": event_id})
