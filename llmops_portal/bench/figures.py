"""What a measurement gives, and how it is printed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value, with its unit in its name.

    Attributes:
        name: of the figure, such as `gateway_chat_per_s`.
        baseline_name: what it is compared with, measured in the same run.
        ratio: value / baseline.
    """

    name: str
    value: float
    baseline_name: str
    baseline: float

    @property
    def ratio(self) -> float:
        return self.value / self.baseline


def table(figures: Sequence[Figure]) -> str:
    """Return figures as a Markdown table."""
    rows = [["what", "value", "beside", "value", "ratio"], ["---", "---:", "---", "---:", "---:"]]
    rows += [
        [each.name, rounded(each.value), each.baseline_name, rounded(each.baseline), f"{each.ratio:.2f}"]
        for each in figures
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def rounded(value: float) -> str:
    """Return a value with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
