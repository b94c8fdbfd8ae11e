"""Lists: keyset pages over UUIDv7 ids, newest first. A page costs the same at ten rows and at ten million."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from apps.core.counting import total_of
from apps.core.errors import InvalidInputError
from apps.core.numbers import whole_number

M = TypeVar("M", bound=Model)

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


def page_of(request: Request, rows: QuerySet[M], serialize: Callable[[M], Any]) -> dict[str, Any]:
    """Return one page of `rows` as `{"items", "next", "total"}`, newest first.

    `?limit=` is 1 to 500, default 50; `?cursor=` is the `next` of the page before. `total` is null where there are
    more than 10,000 rows, since counting those would be slow.

    Raises:
        InvalidInputError: the limit or the cursor is none.
    """
    limit = _limit(request.query_params.get("limit"))
    cursor = request.query_params.get("cursor")
    ordered = rows.order_by("-pk")
    page = list((ordered.filter(pk__lt=_cursor(cursor)) if cursor else ordered)[: limit + 1])
    more = len(page) > limit
    return {
        "items": [serialize(row) for row in page[:limit]],
        "next": str(page[limit - 1].pk) if more else None,
        "total": total_of(rows) if more or cursor else len(page),
    }


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    limit = whole_number(given, most=MAX_LIMIT)
    if not limit:
        raise InvalidInputError(fields={"limit": [f"'{given[:60]}' is not a number from 1 to {MAX_LIMIT}."]})
    return limit


def _cursor(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise InvalidInputError(
            fields={"cursor": ["Not a cursor. Pass on the 'next' of the page before, or leave it out."]}
        ) from None
