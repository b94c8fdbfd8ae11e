"""Figures per column, gathered while the rows stream by."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from apps.datasets.pii import mask_pii

DISTINCT_PER_COLUMN = 100_000
DISTINCT_ALTOGETHER = 2_000_000  # a number and a set's overhead each, over all columns: about 150 MB at most
LABELS_MAX = 50
LABEL_LENGTH_MAX = 80

TYPE_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}


@dataclass(slots=True)
class _Column:
    types: set[str] = field(default_factory=set)
    filled: int = 0
    distinct: set[int] = field(default_factory=set)
    is_exact: bool = True
    labels: Counter[str] | None = field(default_factory=Counter)
    least: float = math.inf
    most: float = -math.inf
    total: float = 0.0
    measured: int = 0


class Statistics:
    """Add rows, then ask for `schema` and `summary`."""

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._rows = 0
        self._distinct_left = DISTINCT_ALTOGETHER

    def add(self, values: dict[str, Any]) -> None:
        self._rows += 1
        for name, value in values.items():
            column = self._columns.get(name) or self._columns.setdefault(name, _Column())
            if value is None or value == "":
                continue
            column.filled += 1
            column.types.add(TYPE_NAMES[type(value)])
            self._count_distinct(column, value)
            _count_label(column, value)
            _measure(column, value)

    def schema(self) -> list[dict[str, str]]:
        """Return the columns in the order they first appeared, with their types."""
        return [
            {"name": name, "type": " | ".join(sorted(column.types)) or "empty"}
            for name, column in self._columns.items()
        ]

    def summary(self) -> dict[str, dict[str, Any]]:
        """Return the figures of each column.

        `count` and `empty` are rows; `distinct` is exact when `distinct_is_exact`, else a lower bound; `length` is in
        characters of text and `value` of numbers; `top_values` are there for columns of few short values, masked.
        """
        return {name: self._summary_of(column) for name, column in self._columns.items()}

    def label_counts(self, name: str) -> dict[str, int]:
        """Return how often each value of a column occurs; empty when it has too many to be labels."""
        column = self._columns.get(name)
        if column is None or not column.labels or column.filled < 2 * len(column.labels):
            return {}
        return dict(column.labels)

    @property
    def filled_share(self) -> float:
        """The share of cells that hold something, from 0 to 1."""
        cells = self._rows * len(self._columns)
        return sum(column.filled for column in self._columns.values()) / cells if cells else 0.0

    def _summary_of(self, column: _Column) -> dict[str, Any]:
        summary: dict[str, Any] = {
            "count": column.filled,
            "empty": self._rows - column.filled,
            "distinct": len(column.distinct),
            "distinct_is_exact": column.is_exact,
        }
        if column.measured and math.isfinite(column.total):
            what = "length" if column.types & {"string", "list", "object"} else "value"
            mean = round(column.total / column.measured, 3)
            summary[what] = {"min": column.least, "mean": mean, "max": column.most}
        if column.labels and column.filled >= 2 * len(column.labels):
            top = column.labels.most_common(LABELS_MAX)
            summary["top_values"] = [{"value": mask_pii(value)[0], "count": count} for value, count in top]
        return summary

    def _count_distinct(self, column: _Column, value: Any) -> None:
        if not column.is_exact:
            return
        hashed = hash(value if isinstance(value, str) else repr(value))
        if hashed in column.distinct:
            return
        if len(column.distinct) >= DISTINCT_PER_COLUMN or self._distinct_left <= 0:
            column.is_exact = False
            return
        column.distinct.add(hashed)
        self._distinct_left -= 1


def _count_label(column: _Column, value: Any) -> None:
    if column.labels is None:
        return
    is_label = isinstance(value, str) and len(value) <= LABEL_LENGTH_MAX
    if is_label and (value in column.labels or len(column.labels) < LABELS_MAX):
        column.labels[value] += 1
    else:
        column.labels = None


def _measure(column: _Column, value: Any) -> None:
    size = +value if isinstance(value, int | float) else len(value if isinstance(value, str) else repr(value))
    column.measured += 1
    column.total += size
    column.least = min(column.least, size)
    column.most = max(column.most, size)
