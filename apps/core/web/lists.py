"""Lists on pages: sorted, in keyset pages both ways, with their whole state in the URL."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from apps.core.bounded_json import UnreadableJsonError, read_json
from apps.core.counting import total_of
from apps.core.errors import InvalidInputError

M = TypeVar("M", bound=Model)
Row = TypeVar("Row")

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Row]):
    """One page of a list.

    Attributes:
        rows: at most `PAGE_SIZE` of them.
        total: how many there are in all; None above 10,000, since counting those would be slow.
        sort: the order in use, such as "name", or "-name" for the other way round.
        newer, older: cursors of the pages before and after; None where there is none.
    """

    rows: list[Row]
    total: int | None
    sort: str
    newer: str | None
    older: str | None

    def __bool__(self) -> bool:
        return bool(self.rows)


def list_page(
    request: HttpRequest,
    rows: QuerySet[M],
    *,
    sorts: Mapping[str, str] | None = None,
    default: str = "-created",
    size: int = PAGE_SIZE,
) -> ListPage[M]:
    """Return the page of `rows` that `?sort=`, `?after=` and `?before=` ask for.

    Args:
        sorts: the name of each order in the URL, and the field it sorts by; the field may not be NULL.
            "created" (by primary key: ids grow with time) is always among them.
        default: the order when none is asked for; a "-" turns it round.

    Raises:
        InvalidInputError: the order is not offered, or the cursor is none.
    """
    fields = {"created": "pk", **(sorts or {})}
    sort = request.GET.get("sort") or default
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name not in fields:
        raise InvalidInputError(fields={"sort": [f"'{sort}' is not one of {', '.join(fields)}."]})
    field = fields[name]
    after, before = request.GET.get("after"), request.GET.get("before")
    backwards = bool(before) and not after

    upwards = descending == backwards
    found = rows.order_by(f"{'' if upwards else '-'}{field}", f"{'' if upwards else '-'}pk")
    cursor = after or before
    try:
        if cursor:
            found = found.filter(_beyond(_decode(cursor), field, upwards=upwards))
        page = list(found[: size + 1])
    except (ValidationError, ValueError, TypeError):  # what the fields say to a value that is none of theirs
        raise _not_a_cursor() from None
    more = len(page) > size
    page = page[:size]
    if backwards:
        page.reverse()
    return ListPage(
        rows=page,
        total=total_of(rows) if more or cursor else len(page),
        sort=sort,
        newer=_encode(page[0], field) if page and (more if backwards else bool(after)) else None,
        older=_encode(page[-1], field) if page and (backwards or more) else None,
    )


def _beyond(cursor: tuple[Any, Any], field: str, *, upwards: bool) -> Q:
    value, key = cursor
    way = "gt" if upwards else "lt"
    if field == "pk":
        return Q(**{f"pk__{way}": key})
    return Q(**{f"{field}__{way}": value}) | Q(**{field: value, f"pk__{way}": key})


def _encode(row: Model, field: str) -> str:
    value: Any = row
    for step in field.split("__"):
        value = getattr(value, step)
    text = json.dumps([None if field == "pk" else str(value), str(row.pk)])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, Any]:
    try:
        value, key = read_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Base64Error, UnreadableJsonError, ValueError, TypeError):
        raise _not_a_cursor() from None
    return value, key


def _not_a_cursor() -> InvalidInputError:
    return InvalidInputError(
        fields={"cursor": ["This link to a page of the list is damaged. Start at the first page."]}
    )
