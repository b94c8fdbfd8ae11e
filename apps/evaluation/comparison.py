"""Comparing runs: side by side, and by how much each differs from the first, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.evaluation.intervals import Interval, described, paired_difference
from apps.evaluation.metrics import LABELS
from apps.evaluation.models import EvaluationRun, Sample

RUNS_MAX = 6
SEED = 0
SHOWN_CHANGES = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """How a run differs from the baseline in one metric, over the samples that both answered.

    Attributes:
        interval: of the mean difference; positive where the run is better.
        better, worse: on how many samples.
    """

    run: EvaluationRun
    metric: str
    interval: Interval
    better: int
    worse: int

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes zero."""
        return self.interval.excludes_zero

    @property
    def label(self) -> str:
        return LABELS[self.metric]

    @property
    def tone(self) -> str:
        """How the difference looks on a page."""
        if not self.is_significant:
            return ""
        return "ok" if self.interval.value > 0 else "bad"

    def as_dict(self) -> dict[str, Any]:
        return {
            "run_id": str(self.run.pk),
            "metric": self.metric,
            "difference": described(self.interval, seed=SEED),
            "is_significant": self.is_significant,
            "better": self.better,
            "worse": self.worse,
        }


@dataclass(frozen=True, slots=True)
class ChangedSample:
    """A sample on which the runs do not score alike: the answers, in the order of the runs."""

    index: int
    prompt: str
    reference: str
    predictions: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def answers(self) -> list[tuple[str, float]]:
        """Each run's answer with its score."""
        return list(zip(self.predictions, self.scores, strict=True))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs beside each other; the first is the baseline.

    Attributes:
        metrics: those that all runs have.
        differences: of each other run, where it can be paired.
        why_not: why runs cannot be paired with the baseline; empty where they can.
        changed: samples on which the runs differ in the first metric, at most 50.
    """

    runs: tuple[EvaluationRun, ...]
    metrics: tuple[str, ...]
    differences: tuple[Difference, ...]
    why_not: str
    changed: tuple[ChangedSample, ...]


def compare_runs(runs: Sequence[EvaluationRun]) -> Comparison:
    """Compare succeeded runs; the order is kept, the first is the baseline."""
    metrics = tuple(metric for metric in runs[0].metrics_wanted if all(metric in run.results for run in runs))
    if why_not := _why_not(runs, metrics):
        return Comparison(tuple(runs), metrics, (), why_not, ())
    scored = [{sample.index: sample for sample in run.samples.all()} for run in runs]
    shared = sorted(set.intersection(*(set(samples) for samples in scored)))
    if not shared:
        return Comparison(tuple(runs), metrics, (), "They have no sample in common: draw with the same seed.", ())
    differences = tuple(
        _difference(run, metric, [samples[index] for index in shared], [scored[0][index] for index in shared])
        for run, samples in zip(runs[1:], scored[1:], strict=True)
        for metric in metrics
    )
    return Comparison(tuple(runs), metrics, differences, "", _changed(scored, shared, metrics[0]))


def _why_not(runs: Sequence[EvaluationRun], metrics: Sequence[str]) -> str:
    if len({run.dataset_digest for run in runs}) > 1:
        return "They were asked different questions: the datasets differ, so samples cannot be paired."
    return "" if metrics else "They have no metric in common."


def _difference(run: EvaluationRun, metric: str, samples: list[Sample], baseline: list[Sample]) -> Difference:
    values, before = ([sample.scores[metric] for sample in side] for side in (samples, baseline))
    return Difference(
        run=run,
        metric=metric,
        interval=paired_difference(values, before, seed=SEED),
        better=sum(a > b for a, b in zip(values, before, strict=True)),
        worse=sum(a < b for a, b in zip(values, before, strict=True)),
    )


def _changed(scored: list[dict[int, Sample]], shared: list[int], metric: str) -> tuple[ChangedSample, ...]:
    changed = [index for index in shared if len({samples[index].scores[metric] for samples in scored}) > 1]
    return tuple(
        ChangedSample(
            index=index,
            prompt=scored[0][index].prompt,
            reference=scored[0][index].reference,
            predictions=tuple(samples[index].prediction for samples in scored),
            scores=tuple(samples[index].scores[metric] for samples in scored),
        )
        for index in changed[:SHOWN_CHANGES]
    )
