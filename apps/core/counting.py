"""How many rows a list has, as far as counting them is quick."""

from typing import Any

from django.db.models import QuerySet

COUNTED_UP_TO = 10_000


def total_of(rows: QuerySet[Any]) -> int | None:
    """Return how many `rows` there are, or None above 10,000, since counting those would be slow."""
    counted = rows.order_by()[: COUNTED_UP_TO + 1].count()
    return counted if counted <= COUNTED_UP_TO else None
