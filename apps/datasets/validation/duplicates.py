"""Rows that say the same: to the letter, or but for case, spacing and punctuation.

Only two hashes of eight bytes are kept per row, so that ten million rows take 160 MB. That two different rows share a
hash has a chance of 1 in 370,000 at ten million rows (n squared over 2^65). They are Python's own, which differ from
process to process: nothing of them is kept.
"""

import re
import unicodedata
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

GROUPS_MAX = 50
GROUP_ROWS_MAX = 20

_NOT_SAID = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Repeats:
    """Which rows repeat an earlier one.

    Attributes:
        rows: numbers of the rows that repeat, ascending; the first of each group is not among them.
        exact: how many of them repeat to the letter.
        groups: the first groups, as row numbers, with "exact" or "normalised".
    """

    rows: NDArray[np.int64]
    exact: int
    groups: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return what the report keeps."""
        return {
            "count": len(self.rows),
            "exact": self.exact,
            "normalised": len(self.rows) - self.exact,
            "groups": self.groups,
        }


class RepeatFinder:
    """Add rows in order, then ask for `found`."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._exact = array("q")
        self._plain = array("q")

    def add(self, values: dict[str, Any]) -> None:
        parts = tuple(str(values.get(column, "")) for column in self._columns)
        self._exact.append(hash(parts))
        self._plain.append(hash(tuple(normalised(part) for part in parts)))

    def found(self) -> Repeats:
        exact, plain = np.frombuffer(self._exact, np.int64), np.frombuffer(self._plain, np.int64)
        repeats_exactly = _repeats(exact)
        repeats = _repeats(plain) | repeats_exactly
        return Repeats(
            rows=np.flatnonzero(repeats) + 1,
            exact=int(repeats_exactly.sum()),
            groups=_groups(plain, exact, repeats),
        )


def normalised(text: str) -> str:
    """Return `text` without what a person would not call a difference: case, spaces, punctuation, width of letters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_SAID.sub("", folded) or folded.strip()  # a text of signs alone is compared as it stands


def _repeats(hashes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which positions hold a hash that an earlier position holds too."""
    first_positions = np.unique(hashes, return_index=True)[1]
    repeats = np.ones(len(hashes), dtype=np.bool_)
    repeats[first_positions] = False
    return repeats


def _groups(plain: NDArray[np.int64], exact: NDArray[np.int64], repeats: NDArray[np.bool_]) -> list[dict[str, Any]]:
    firsts: dict[int, None] = dict.fromkeys(
        int(plain[position]) for position in np.flatnonzero(repeats)[: GROUPS_MAX * 4]
    )
    groups = []
    for hashed in list(firsts)[:GROUPS_MAX]:
        positions = np.flatnonzero(plain == np.int64(hashed))
        same = len(np.unique(exact[positions])) == 1
        rows = [int(position) + 1 for position in positions[:GROUP_ROWS_MAX]]
        groups.append({"rows": rows, "count": len(positions), "kind": "exact" if same else "normalised"})
    return sorted(groups, key=lambda group: group["rows"])
