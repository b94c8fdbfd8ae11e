"""Charts as data. `portal.js` draws them; the page also shows every one as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line, or one set of bars.

    Attributes:
        name: shown in the legend.
        values: one for each label of the chart; None where there is none, which a line over numbers passes by and
            others leave as a gap.
    """

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart over labels that its series share.

    Attributes:
        title: what is shown; the table's caption too.
        labels: numbers are put on a scale, texts side by side.
        x, y: what the axes are, unit included.
        kind: "line", or "bar" for sums per label.
        stacked: bars that are parts of a whole.
        log: the y axis is logarithmic.
    """

    title: str
    labels: Sequence[float] | Sequence[str]
    series: Sequence[Series]
    x: str
    y: str
    kind: Literal["line", "bar"] = "line"
    stacked: bool = False
    log: bool = False

    def __post_init__(self) -> None:
        for series in self.series:
            if len(series.values) != len(self.labels):
                raise ValueError(
                    f"Series {series.name!r} has {len(series.values)} values for {len(self.labels)} labels "
                    f"of {self.title!r}."
                )

    @property
    def as_data(self) -> dict[str, Any]:
        """What `portal.js` reads."""
        return {
            "kind": self.kind,
            "x": self.x,
            "y": self.y,
            "stacked": self.stacked,
            "log": self.log,
            "labels": list(self.labels),
            "series": [{"name": series.name, "values": list(series.values)} for series in self.series],
        }

    @property
    def rows(self) -> list[tuple[float | str, list[float | None]]]:
        """The table: each label with the values of all series."""
        return [(label, [series.values[at] for series in self.series]) for at, label in enumerate(self.labels)]


@dataclass(frozen=True, slots=True)
class IntervalBar:
    """Where a value and its confidence interval lie on a scale, in percent of the scale's length."""

    left: float
    width: float
    at: float


def interval_bar(value: float, low: float, high: float, *, least: float, most: float) -> IntervalBar:
    """Place `low` <= `value` <= `high` on the scale from `least` to `most`; what lies outside is cut off.

    Raises:
        ValueError: the scale is empty, or the interval does not hold the value.
    """
    if not least < most:
        raise ValueError(f"The scale from {least} to {most} is empty.")
    if not low <= value <= high:
        raise ValueError(f"The interval from {low} to {high} does not hold {value}.")

    def percent(number: float) -> float:
        return 100 * (min(max(number, least), most) - least) / (most - least)

    left, right = percent(low), percent(high)
    return IntervalBar(left=round(left, 2), width=round(right - left, 2), at=round(percent(value), 2))
