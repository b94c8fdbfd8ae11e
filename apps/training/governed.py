"""What governance is told of training: who trained a model, facts about how it was trained, lineage."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.catalog.models import ModelVersion
from apps.datasets.models import DatasetVersion
from apps.governance.fact_shapes import Record, Text
from apps.governance.lineage import Edge
from apps.training.models import TrainingJob
from apps.training.selectors import training_of

TRAINING = Record(
    fields={
        "job_id": Text(description="The job that made it.", example="01960d6e-0000-7000-8000-0000000000f1"),
        "job_type": Text(description="What kind of training.", example="SFT"),
        "method": Text(description="full, lora or qlora.", example="full"),
        "dataset": Record(
            fields={
                "id": Text(description="The dataset that it read.", example="01960d6e-0000-7000-8000-0000000000d2"),
                "name": Text(description="Its name.", example="voc-support"),
                "version": Text(description="Its version.", example="2"),
                "digest": Text(description="SHA-256 of its file.", example="sha256:9f86d081…"),
                "status": Text(description="Its status now.", example="approved"),
            }
        ),
        "base_model": Record(
            fields={
                "id": Text(
                    description="The model that it started from.", example="01960d6e-0000-7000-8000-0000000000b1"
                ),
                "name": Text(description="Its name.", example="voc-base"),
                "version": Text(description="Its version.", example="1"),
                "digest": Text(description="SHA-256 over its files.", example="sha256:fcde2b2e…"),
                "status": Text(description="Its status now.", example="approved"),
            },
            description="What it started from; null for one trained from nothing.",
            nullable=True,
        ),
        "finished_at": Text(description="When the job ended.", example="2026-11-30T14:00:00Z", nullable=True),
    },
    description="How it was trained here; empty for one that was not.",
)


def trainer(model: ModelVersion) -> dict[UUID, str]:
    """Return who submitted the job that made `model`, if a job did."""
    job = training_of(model)
    return {job.created_by_id: "trained"} if job else {}


def training_facts(model: ModelVersion) -> dict[str, Any]:
    """Return the facts "training" of a model version; empty for one that was not trained here."""
    job = training_of(model)
    if job is None:
        return {}
    dataset, base = job.dataset, job.base_model
    return {
        "job_id": str(job.pk),
        "job_type": job.job_type,
        "method": job.spec["method"],
        "dataset": {
            "id": str(dataset.pk),
            "name": dataset.name,
            "version": dataset.version,
            "digest": f"sha256:{dataset.sha256}",
            "status": dataset.status,
        },
        "base_model": {
            "id": str(base.pk),
            "name": base.name,
            "version": base.version,
            "digest": base.digest,
            "status": base.status,
        }
        if base
        else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


def recipe(model: ModelVersion) -> dict[str, Any]:
    """Return how `model` was trained, for a comparison; empty for one that was not trained here."""
    job = training_of(model)
    if job is None:
        return {}
    return {
        "job_type": job.job_type,
        "method": job.spec["method"],
        "dataset": str(job.dataset),
        "base_model": str(job.base_model) if job.base_model else None,
        **job.spec["hyperparams"],
    }


def job_edges(jobs: Sequence[TrainingJob]) -> Iterable[Edge]:
    """Return the edges of jobs: what they read, what they started from, what they made."""
    full = TrainingJob.objects.select_related("dataset", "base_model", "output_model")
    for job in full.filter(pk__in=[job.pk for job in jobs]):
        yield Edge(job.dataset, job, "read by")
        if job.base_model is not None:
            yield Edge(job.base_model, job, "tuned by")
        if job.output_model is not None:
            yield Edge(job, job.output_model, "made")


def dataset_edges(datasets: Sequence[DatasetVersion]) -> Iterable[Edge]:
    """Return the edges from datasets to the jobs that read them."""
    ids = [dataset.pk for dataset in datasets]
    return job_edges(list(TrainingJob.objects.filter(dataset__in=ids)))


def model_edges(models: Sequence[ModelVersion]) -> Iterable[Edge]:
    """Return the edges between models and the jobs that started from them or made them."""
    ids = [model.pk for model in models]
    return job_edges(list(TrainingJob.objects.filter(Q(base_model__in=ids) | Q(output_model__in=ids))))
