"""What changed between two texts, or between two records, as rows of a table."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Comparisons of two lines that one answer may take: a second or so at worst.
EFFORT_MAX = 20_000_000
Kind = Literal["same", "added", "removed"]
Opcode = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]


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
    """Return the changed passages, each with up to `context` unchanged lines around it; none when nothing changed.

    Where it would take too long to say which lines between the first and the last change stayed, all of them count as
    changed.
    """
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return []
    groups = _BoundedMatcher(old, new).get_grouped_opcodes(context)
    return [[line for step in group for line in _lines(old, new, step)] for group in groups]


class _BoundedMatcher(difflib.SequenceMatcher[str]):
    """Matches what lies between the first and the last change, unless that is more than `EFFORT_MAX`."""

    def __init__(self, old: list[str], new: list[str]) -> None:
        super().__init__(a=old, b=new, autojunk=False)
        self._old, self._new = old, new

    def get_opcodes(self) -> list[Opcode]:
        old, new = self._old, self._new
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        old_end, new_end = len(old) - tail, len(new) - tail
        between: list[Opcode] = [("replace", head, old_end, head, new_end)]
        if _effort(old[head:old_end], new[head:new_end]) <= EFFORT_MAX:
            inner = difflib.SequenceMatcher(a=old[head:old_end], b=new[head:new_end], autojunk=False)
            between = [(tag, i + head, j + head, k + head, m + head) for tag, i, j, k, m in inner.get_opcodes()]
        around: list[Opcode] = [("equal", 0, head, 0, head), *between, ("equal", old_end, len(old), new_end, len(new))]
        return [step for step in around if step[1] < step[2] or step[3] < step[4]]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many lines both begin with."""
    same = 0
    for a, b in zip(old, new, strict=False):
        if a != b:
            break
        same += 1
    return same


def _effort(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many comparisons `SequenceMatcher` takes at most: all equal pairs, for each passage it finds."""
    in_new = Counter(new)
    equal_pairs = sum(count * in_new[line] for line, count in Counter(old).items())
    return (len(old) + equal_pairs) * min(len(old), len(new))


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
