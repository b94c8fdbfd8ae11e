"""What governance is told of evaluation: facts about how well a model did, and lineage."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Q

from apps.catalog.models import ModelVersion
from apps.datasets.models import DatasetVersion
from apps.evaluation.models import EvaluationRun, Review
from apps.evaluation.states import RunStatus
from apps.governance.fact_shapes import Flag, ListOf, MapOf, Number, Record, Text, Whole
from apps.governance.lineage import Edge

FIGURES = ("value", "low", "high")

EVALUATIONS = ListOf(
    item=Record(
        fields={
            "run_id": Text(description="Of the evaluation.", example="01960d6e-0000-7000-8000-0000000000e1"),
            "dataset": Text(description="Name of the dataset whose questions were asked.", example="voc-heldout"),
            "dataset_version": Text(description="Its version.", example="1"),
            "dataset_digest": Text(description="SHA-256 of its file.", example="sha256:60303ae2…"),
            "model_digest": Text(description="SHA-256 over the files that answered.", example="sha256:2c26b46b…"),
            "is_current": Flag(description="Whether those are the files that the model has now."),
            "n": Whole(description="How many questions were asked.", example=132),
            "metrics": MapOf(
                key="exact_match",
                value=Record(
                    fields={
                        "value": Number(description="The figure.", example=0.61, nullable=True),
                        "low": Number(description="Lower end of its 95 % interval.", example=0.52, nullable=True),
                        "high": Number(description="Upper end of it.", example=0.69, nullable=True),
                    }
                ),
                description="By name of the metric, such as exact_match or token_f1.",
            ),
            "finished_at": Text(description="When it ended.", example="2026-11-30T15:00:00Z", nullable=True),
        }
    ),
    description="One entry for each evaluation that succeeded, newest first.",
)
REVIEWS = Record(
    fields={
        "count": Whole(description="How many verdicts people gave on answers of these files.", example=10),
        "answers": Whole(description="How many different answers were reviewed.", example=10),
        "acceptable": Whole(description="How many verdicts say acceptable.", example=8),
        "acceptable_share": Number(description="The share of those, from 0 to 1.", example=0.8),
        "reviewers": ListOf(
            item=Text(description="", example="01960d6e-0000-7000-8000-000000000002"),
            description="Ids of who reviewed.",
        ),
        "runs": ListOf(
            item=Text(description="", example="01960d6e-0000-7000-8000-0000000000e1"),
            description="Ids of the evaluations whose answers were reviewed.",
        ),
    },
    description="What people said of its answers.",
)


def evaluation_facts(model: ModelVersion) -> list[dict[str, Any]]:
    """Return the facts "evaluations" of a model version: one map for each run that succeeded, newest first."""
    runs = EvaluationRun.objects.filter(model_version=model, status=RunStatus.SUCCEEDED).select_related("dataset")
    return [
        {
            "run_id": str(run.pk),
            "dataset": run.dataset.name,
            "dataset_version": run.dataset.version,
            "dataset_digest": run.dataset_digest,
            "model_digest": run.model_digest,
            "is_current": run.model_digest == model.digest,
            "n": run.sample_size,
            "metrics": {name: {figure: result[figure] for figure in FIGURES} for name, result in run.results.items()},
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        }
        for run in runs.order_by("-id")
    ]


def review_facts(model: ModelVersion) -> dict[str, Any]:
    """Return the facts "reviews" of a model version: of answers that its files as they are now have given.

    `count` counts verdicts; `answers` counts different answers, however often each was reviewed.
    """
    reviews = Review.objects.filter(
        task__campaign__run__model_version=model, task__campaign__run__model_digest=model.digest
    )
    answers = reviews.order_by().values("task__campaign__run__dataset_digest", "task__sample__index").distinct()
    counted = reviews.aggregate(count=Count("id"), acceptable=Count("id", filter=Q(acceptable=True)))
    count, acceptable = counted["count"], counted["acceptable"]
    reviewers = reviews.order_by("reviewer_id").values_list("reviewer_id", flat=True).distinct()
    runs = reviews.order_by("task__campaign__run_id").values_list("task__campaign__run_id", flat=True).distinct()
    return {
        "count": count,
        "answers": answers.count(),
        "acceptable": acceptable,
        "acceptable_share": acceptable / count if count else 0.0,
        "reviewers": [str(reviewer) for reviewer in reviewers],
        "runs": [str(run) for run in runs],
    }


def metrics(model: ModelVersion) -> dict[str, Any]:
    """Return the newest result of each metric on each dataset, of the files as they are now, for a comparison."""
    found: dict[str, Any] = {}
    for run in evaluation_facts(model):
        if run["is_current"]:
            for name, result in run["metrics"].items():
                told = f"{result['value']:.3f} ({result['low']:.3f} to {result['high']:.3f}), n={run['n']}"
                found.setdefault(f"{name} on {run['dataset']} {run['dataset_version']}", told)
    reviews = review_facts(model)
    if reviews["count"]:
        found["acceptable to reviewers"] = f"{reviews['acceptable']} of {reviews['count']}"
    return found


def run_edges(runs: Sequence[EvaluationRun]) -> Iterable[Edge]:
    """Return the edges of runs: who answered, and what was asked."""
    full = EvaluationRun.objects.select_related("model_version", "dataset")
    for run in full.filter(pk__in=[run.pk for run in runs]):
        yield Edge(run.model_version, run, "measured in")
        yield Edge(run.dataset, run, "asked in")


def model_edges(models: Sequence[ModelVersion]) -> Iterable[Edge]:
    """Return the edges from models to the runs that measured them."""
    return run_edges(list(EvaluationRun.objects.filter(model_version__in=[model.pk for model in models])))


def dataset_edges(datasets: Sequence[DatasetVersion]) -> Iterable[Edge]:
    """Return the edges from datasets to the runs that asked their questions."""
    return run_edges(list(EvaluationRun.objects.filter(dataset__in=[dataset.pk for dataset in datasets])))
