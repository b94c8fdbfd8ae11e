"""The native forms that a job turns into. Pure: a job in, data out."""

from typing import Any

from django.conf import settings

from apps.integrations.program.starting import program_command, program_environment
from apps.integrations.tracking.base import JOB_TAG
from apps.training.models import TrainingJob

INPUTS = "inputs"
BASE_MODEL = f"{INPUTS}/base"
OF_THE_WORK_ITSELF = ("job_type", "model_family", "method", "hyperparams", "architecture", "output", "use_gpu")


def dataset_path(job: TrainingJob) -> str:
    """Return where the dataset lies in the job's folder."""
    return f"{INPUTS}/dataset.{job.dataset.format}"


def program_spec(job: TrainingJob) -> dict[str, Any]:
    """Return the training program's `spec.json` for a job. Paths are relative to the job's folder."""
    dataset = job.dataset
    return {
        "job_id": str(job.pk),
        "name": str(job),
        "command": "train",
        "seed": job.spec["seed"],
        "train": {name: job.spec[name] for name in OF_THE_WORK_ITSELF},
        "base_model_dir": BASE_MODEL if job.base_model_id else None,
        "dataset_files": [{"path": dataset_path(job), "sha256": dataset.sha256, "format": dataset.format}],
        "tracking": {"uri": settings.MLFLOW_TRACKING_URI or None, **mlflow_names(job)},
    }


def local_form(job: TrainingJob) -> dict[str, Any]:
    """Return how the job runs on this machine: command, variables, image and specification of the process."""
    return {
        "argv": list(program_command()),
        "env": program_environment(),
        "image": job.image,
        "spec.json": program_spec(job),
    }


def mlflow_form(job: TrainingJob) -> dict[str, Any]:
    """Return the job as an MLflow run: experiment, name, tags, and parameters by dotted name."""
    described = {name: job.spec[name] for name in OF_THE_WORK_ITSELF} | {"seed": job.spec["seed"]}
    return {**mlflow_names(job), "params": flat(described)}


def mlflow_names(job: TrainingJob) -> dict[str, Any]:
    return {
        "experiment": experiment_of(job),
        "run_name": job.external_name,
        "tags": {
            JOB_TAG: str(job.pk),
            "llmops.team": job.owner_team.slug,
            "llmops.dataset": str(job.dataset),
            "llmops.base_model": str(job.base_model or ""),
            "llmops.image": job.image,
        },
    }


def experiment_of(job: TrainingJob) -> str:
    """Return the name of the experiment in which the tracker keeps the job: one for each model that a team trains."""
    return f"{job.owner_team.slug}/{job.artifact_name}"


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested values by dotted name, as text; what is null is left out."""
    found: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            found |= flat(inner, f"{prefix}{name}.")
        elif inner is not None:
            found[f"{prefix}{name}"] = str(inner)
    return found
