"""What governance is told of training: who trained a model, facts about how it was trained, lineage."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.catalog.models import ModelVersion
from apps.datasets.models import DatasetVersion
from apps.governance.lineage import Edge
from apps.training.models import TrainingJob
from apps.training.selectors import training_of


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
