"""What changes when an object takes the place of the one before it: told by every app that knows something of it.

The object's own app says which one it would replace; any app says what it knows of such objects, as a flat record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from apps.governance.subjects import label_of


@dataclass(frozen=True, slots=True)
class Aspect:
    """One side of an object, such as its files.

    Attributes:
        title: for people: "Files".
        describe: returns what there is to say of an object as a record of plain values; empty for nothing.
        by_line: whether that is one text, under "text", that is compared line by line.
    """

    title: str
    describe: Callable[[Any], Mapping[str, Any]]
    by_line: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """An aspect of two objects, or of one when there is none before it."""

    title: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]
    by_line: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """An object beside the one that it would replace; `before` is empty for the first of its kind."""

    before: str
    page: str
    sides: list[Side]


_aspects: dict[type[models.Model], list[Aspect]] = {}
_predecessors: dict[type[models.Model], Callable[[Any], Any | None]] = {}


def register_aspect(model: type[models.Model], aspect: Aspect) -> None:
    """Have objects of `model` described by one more record. Called from `AppConfig.ready()`."""
    _aspects.setdefault(model, []).append(aspect)


def register_predecessor(model: type[models.Model], predecessor: Callable[[Any], Any | None]) -> None:
    """Say which object one of `model` would replace; None where it is the first."""
    _predecessors[model] = predecessor


def comparison_of(subject: models.Model) -> Comparison:
    """Return `subject` beside the object that it would replace, aspect by aspect."""
    find = _predecessors.get(type(subject))
    before = find(subject) if find else None
    page = getattr(before, "get_absolute_url", None)
    sides = [
        Side(
            aspect.title,
            aspect.describe(before) if before is not None else None,
            aspect.describe(subject),
            aspect.by_line,
        )
        for aspect in _aspects.get(type(subject), ())
    ]
    shown = [side for side in sides if side.before or side.after]
    return Comparison(label_of(before) if before is not None else "", page() if page else "", shown)
