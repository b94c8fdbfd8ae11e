"""One row of a dataset file, or why it could not be read."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apps.datasets.reading.bounds import COLUMN_NAME_MAX, COLUMNS_MAX, DEPTH_MAX


@dataclass(frozen=True, slots=True)
class Row:
    """A row and its number, counted from 1 without any header; `fault` says why it could not be read."""

    number: int
    values: dict[str, Any]
    fault: str = ""


@lru_cache(maxsize=256)  # rows of one file have the same few sets of columns
def fault_of_columns(columns: tuple[str, ...]) -> str:
    """Return why these cannot be the columns of a row, or "" if they can."""
    if len(columns) > COLUMNS_MAX:
        return f"it has {len(columns)} columns; at most {COLUMNS_MAX} are accepted"
    for name in columns:
        if not name.strip() or len(name) > COLUMN_NAME_MAX or not name.isprintable():
            return f"'{name[:60]}' cannot be a column's name"
    return ""


def fault_of_value(value: Any, depth: int = 0) -> str:
    """Return why a value cannot be kept, or "" if it can: NUL characters, and nesting that no one reads."""
    if isinstance(value, str):
        return "it holds a NUL character" if "\0" in value else ""
    if not isinstance(value, dict | list):
        return ""
    if depth >= DEPTH_MAX:
        return f"it is nested more than {DEPTH_MAX} deep"
    inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return next((fault for item in inner if (fault := fault_of_value(item, depth + 1))), "")
