"""What the lists of governance have in common."""

from typing import Any

from django.db.models import QuerySet


def narrowed(rows: QuerySet[Any], asked: dict[str, Any], *, label: str = "", status: str = "") -> QuerySet[Any]:
    if label and asked.get("q"):
        rows = rows.filter(**{f"{label}__icontains": asked["q"]})
    if status and asked.get("status"):
        rows = rows.filter(**{status: asked["status"]})
    return rows
