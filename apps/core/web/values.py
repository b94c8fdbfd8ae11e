"""Values of JSON as a person reads them: what kind each is, so that a page can show it as such."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

Kind = Literal[
    "nothing", "flag", "count", "number", "digest", "id", "moment", "range", "version", "record", "list", "text"
]

DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
OF_A_VERSION = {"id", "name", "version", "status", "digest"}  # with more, it is a record to be read whole
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def kind_of(value: Any) -> Kind:
    """Return what `value` is to a reader."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int):
        return "count"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return _kind_of_text(value)
    if isinstance(value, Mapping):
        return _kind_of_record(value)
    return "list" if isinstance(value, Sequence) else "text"


def _kind_of_text(value: str) -> Kind:
    if DIGEST.fullmatch(value):
        return "digest"
    if ID.fullmatch(value):
        return "id"
    return "moment" if MOMENT.match(value) and _moment(value) else "text"


def _kind_of_record(value: Mapping[str, Any]) -> Kind:
    if {"value", "low", "high"} <= value.keys():
        return "range"
    return "version" if {"name", "version"} <= value.keys() <= OF_A_VERSION else "record"


def readable(value: Any) -> Any:
    """Return `value` as it is shown: a moment as such, a number in four figures, a list of plain values joined."""
    kind = kind_of(value)
    if kind == "moment":
        return _moment(value)
    if kind == "number":
        return f"{value:.4g}"
    if kind == "list" and all(kind_of(item) in ("text", "count", "number") for item in value):
        return ", ".join(str(readable(item)) for item in value)
    return value


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
