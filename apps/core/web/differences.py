"""What changed between two texts, or between two records, as rows of a table."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["same", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of either text. Its number is None on the side that does not have it."""

    kind: Kind
    before: int | None
    after: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a record that differs. None where the record does not have it."""

    field: str
    before: Any
    after: Any

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def line_diff(before: str, after: str, *, context: int = 3) -> list[list[Line]]:
    """Return the changed passages, each with up to `context` unchanged lines around it; none when nothing changed."""
    old, new = before.splitlines(), after.splitlines()
    groups = difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_grouped_opcodes(context)
    return [[line for step in group for line in _lines(old, new, step)] for group in groups]


def _lines(old: list[str], new: list[str], step: tuple[str, int, int, int, int]) -> Iterator[Line]:
    tag, old_from, old_to, new_from, new_to = step
    if tag == "equal":
        for at in range(old_to - old_from):
            yield Line("same", old_from + at + 1, new_from + at + 1, old[old_from + at])
        return
    for at in range(old_from, old_to):
        yield Line("removed", at + 1, None, old[at])
    for at in range(new_from, new_to):
        yield Line("added", None, at + 1, new[at])


def field_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the fields that differ, in the order of `after`, then those it lacks; nested records by path."""
    old, new = dict(_flat(before)), dict(_flat(after))
    names = [*new, *(name for name in old if name not in new)]
    return [Change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
