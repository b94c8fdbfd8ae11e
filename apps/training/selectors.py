"""Reads of training: jobs that an actor may see, their curves, and what a specification refers to."""

from datetime import datetime
from typing import Any, TypedDict, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_to
from apps.catalog.models import ModelVersion
from apps.datasets.models import DatasetVersion
from apps.integrations.orchestration.hosts import process_host
from apps.training.models import JobEvent, TrainingJob
from apps.training.states import JobStatus

CURVE_POINTS_MAX = 400
LOG_LINE_MAX_BYTES = 64 * 1024
LOG_OFFSET_MAX = 2**40  # no log is longer, and file systems refuse much larger ones

Row = TypeVar("Row", DatasetVersion, ModelVersion)


class JobFilter(TypedDict, total=False):
    """What a list of jobs can be narrowed by; `model_id` is the base or the model made, `q` a part of its name."""

    q: str
    status: str
    job_type: str
    owner_team: str
    model_id: UUID
    dataset_id: UUID


def visible_jobs(*, actor: User) -> QuerySet[TrainingJob]:
    """Jobs that `actor` may see, newest first. Every read of a job starts here."""
    jobs = TrainingJob.objects.select_related(
        "owner_team", "project", "dataset", "base_model", "output_model", "created_by"
    )
    return visible_to(actor, jobs.order_by("-id"))


def filtered_jobs(*, actor: User, asked: JobFilter) -> QuerySet[TrainingJob]:
    """Visible jobs, narrowed by what was asked."""
    jobs = visible_jobs(actor=actor)
    for name in ("status", "job_type", "dataset_id"):
        if value := asked.get(name):
            jobs = jobs.filter(**{name: value})
    if team := asked.get("owner_team"):
        jobs = jobs.filter(owner_team__slug=team)
    if q := asked.get("q"):
        jobs = jobs.filter(spec__output__artifact_name__icontains=q)
    if model_id := asked.get("model_id"):
        jobs = jobs.filter(base_model_id=model_id) | jobs.filter(output_model_id=model_id)
    return jobs


def timeline(job: TrainingJob) -> QuerySet[JobEvent]:
    """What happened to a job, oldest first; the caller has checked that the job may be seen."""
    return job.events.all()


def curves(job: TrainingJob) -> dict[str, list[dict[str, Any]]]:
    """Return each figure of a job by step, thinned evenly to at most `CURVE_POINTS_MAX` points, the last one kept."""
    points: dict[str, list[dict[str, Any]]] = {}
    for name, step, value in job.metrics.order_by("step").values_list("name", "step", "value"):
        points.setdefault(name, []).append({"step": step, "value": value})
    return {name: thinned(series) for name, series in points.items()}


def thinned(series: list[dict[str, Any]], *, most: int = CURVE_POINTS_MAX) -> list[dict[str, Any]]:
    """Return at most `most` of `series`, evenly apart, the first and the last among them."""
    if len(series) <= most:
        return series
    return [series[round(index * (len(series) - 1) / (most - 1))] for index in range(most)]


def log_from(job: TrainingJob, offset: int) -> tuple[str, int]:
    """Return what the job has printed from byte `offset` on, and the offset to go on from.

    A line that is not whole yet waits, so that no line and no character comes in two pieces; once the job has ended
    there is nothing to wait for.
    """
    piece, _ = process_host().log_from(job.external_name, offset)
    lines = piece[: piece.rfind(b"\n") + 1]
    if not lines and (job.is_final or len(piece) >= LOG_LINE_MAX_BYTES):
        lines = piece
    return lines.decode("utf-8", errors="replace"), offset + len(lines)


def jobs_before(job: TrainingJob) -> int:
    """Return how many queued jobs of the same orchestrator stand before `job`."""
    queued = TrainingJob.objects.filter(orchestrator=job.orchestrator, status=JobStatus.QUEUED, wanted=job.wanted)
    return queued.filter(pk__lt=job.pk).count()


def datasets_named(*, actor: User, team: Team, name: str, version: str) -> list[DatasetVersion]:
    """Return the dataset versions of that name that `actor` may use; those of `team` hide those of other teams."""
    found = visible_to(actor, DatasetVersion.objects.filter(name=name, version=version), Permission.USE)
    return _own_first(list(found), team)


def models_named(*, actor: User, team: Team, reference: str) -> list[ModelVersion]:
    """Return the model versions that `reference` (`name:version`, or an id) names and `actor` may use.

    Those of `team` hide those of other teams.
    """
    usable = visible_to(actor, ModelVersion.objects.all(), Permission.USE)
    try:
        return list(usable.filter(pk=UUID(reference)))
    except ValueError:
        name, _, version = reference.rpartition(":")
        return _own_first(list(usable.filter(name=name, version=version)), team)


def usable_dataset(*, actor: User, dataset_id: UUID) -> DatasetVersion | None:
    return visible_to(actor, DatasetVersion.objects.filter(pk=dataset_id), Permission.USE).first()


def usable_model(*, actor: User, model_id: UUID) -> ModelVersion | None:
    return visible_to(actor, ModelVersion.objects.filter(pk=model_id), Permission.USE).first()


def training_of(model: ModelVersion) -> TrainingJob | None:
    """Return the job that made `model`, or None for one that was not trained here."""
    return TrainingJob.objects.select_related("dataset", "base_model").filter(output_model=model).first()


def ran_s(job: TrainingJob, *, now: datetime) -> float:
    """Return for how many seconds the job has run."""
    if job.started_at is None:
        return 0.0
    return max(0.0, ((job.finished_at or now) - job.started_at).total_seconds())


def _own_first(found: list[Row], team: Team) -> list[Row]:
    own = [row for row in found if row.owner_team_id == team.pk]
    return own or found
