"""How sure a mean is: bootstrap percentile intervals, and the same for the difference of two paired means.

Source: Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 13. The seed makes a result exactly
repeatable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
DRAWN_AT_ONCE = 4_000_000  # indices; 32 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval.

    Attributes:
        value: the mean itself.
        low, high: the interval's ends.
        n: how many values it is of.
    """

    value: float
    low: float
    high: float
    n: int

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def mean_interval(values: Sequence[float], *, seed: int) -> Interval:
    """Return the mean of `values` with its interval.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("There is no mean of no values.")
    data = np.asarray(values, dtype=np.float64)
    mean = float(data.mean())
    low, high = np.quantile(_resampled_means(data, seed), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    # Of values that hardly differ, rounding can put the mean a last digit outside of its interval.
    return Interval(mean, min(float(low), mean), max(float(high), mean), len(values))


def paired_difference(values: Sequence[float], baseline: Sequence[float], *, seed: int) -> Interval:
    """Return the mean of `values - baseline` with its interval; the i-th of both are of the same sample.

    Raises:
        ValueError: there are none, or not the same number of both.
    """
    if len(values) != len(baseline):
        raise ValueError(f"{len(values)} values cannot be paired with {len(baseline)}.")
    return mean_interval([a - b for a, b in zip(values, baseline, strict=True)], seed=seed)


def described(interval: Interval, *, seed: int) -> dict[str, float | int | str]:
    """Return an interval as it is stored and shown, with how it was computed."""
    return {
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "confidence": CONFIDENCE,
        "n": interval.n,
        "method": f"mean, bootstrap percentile interval of {RESAMPLES} resamples with seed {seed}",
    }


def _resampled_means(data: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    at_once = max(1, min(RESAMPLES, DRAWN_AT_ONCE // len(data)))
    means: list[NDArray[np.float64]] = []
    for start in range(0, RESAMPLES, at_once):
        rows = min(at_once, RESAMPLES - start)
        means.append(data[generator.integers(0, len(data), size=(rows, len(data)))].mean(axis=1))
    return np.concatenate(means)
