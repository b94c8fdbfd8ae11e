"""The quality score: a weighted mean of named parts, each with its weight and its reason."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

REPEATS_WORTH = 4.0  # a quarter of the rows repeated leaves nothing of the part
PII_WORTH = 10.0  # personal data in a tenth of the rows leaves nothing of the part
LENGTH_MIN, LENGTH_MAX = 2, 32_768  # characters


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the score: its own score from 0 to 100, its weight, and why it is what it is."""

    name: str
    score: float
    weight: float
    reason: str


def quality_of(
    *,
    rows: int,
    repeats: int,
    rows_with_pii: int,
    filled_share: float,
    odd_lengths: int,
    labels: Mapping[str, int],
) -> dict[str, Any]:
    """Return `{"score", "parts"}`; the score is 0 to 100, to one decimal place.

    Args:
        odd_lengths: rows with a required text outside `LENGTH_MIN` to `LENGTH_MAX` characters.
        labels: how often each label occurs; empty when the data has none, and balance then does not count.
    """
    parts = [
        Part("validity", 100.0, 0.20, f"All {rows} rows fit the type; a file with others is refused."),
        Part("uniqueness", _left(repeats / rows, REPEATS_WORTH), 0.25, f"{repeats} of {rows} rows repeat another."),
        Part("completeness", _percent(filled_share), 0.15, f"{filled_share:.1%} of the cells hold something."),
        Part(
            "personal_data",
            _left(rows_with_pii / rows, PII_WORTH),
            0.20,
            f"{rows_with_pii} of {rows} rows hold personal data.",
        ),
        Part("length", _left(odd_lengths / rows, 1.0), 0.10, _why_length(odd_lengths, rows)),
    ]
    if labels:
        parts.append(Part("balance", _percent(evenness(labels)), 0.10, _why_balance(labels)))
    weight = sum(part.weight for part in parts)
    score = sum(part.score * part.weight for part in parts) / weight
    return {"score": round(score, 1), "parts": [asdict(part) for part in parts]}


def evenness(counts: Mapping[str, int]) -> float:
    """Return how evenly values are spread, from 0 (one takes all) to 1 (all alike): entropy over its maximum.

    Source: Pielou 1966, "The measurement of diversity in different types of biological collections".
    """
    total = sum(counts.values())
    if len(counts) < 2:
        return 0.0
    entropy = -sum(count / total * math.log(count / total) for count in counts.values() if count)
    return entropy / math.log(len(counts))


def _percent(share: float) -> float:
    return round(100.0 * share, 1)


def _left(share: float, worth: float) -> float:
    return _percent(max(0.0, 1.0 - worth * share))


def _why_length(odd: int, rows: int) -> str:
    return f"{odd} of {rows} rows have a text shorter than {LENGTH_MIN} or longer than {LENGTH_MAX} characters."


def _why_balance(labels: Mapping[str, int]) -> str:
    rare, common = min(labels.values()), max(labels.values())
    return f"{len(labels)} labels, the rarest {rare} times, the most common {common} times."
