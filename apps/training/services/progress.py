"""Taking over what a running job tells: its events, its curves, its run in the experiment tracker."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.integrations.program.folder import Record, events_from
from apps.integrations.tracking.base import TrackingUnavailableError
from apps.integrations.tracking.trackers import tracker
from apps.training.models import JobEvent, JobMetric, TrainingJob
from apps.training.native import experiment_of
from apps.training.services.history import note


def take_over_events(job: TrainingJob, folder: Path) -> None:
    """Bring timeline, curves and progress of `job` up to what its program has written.

    The offset moves in the transaction of the rows, so each event is taken over once, whenever this is killed.
    """
    while True:
        found = events_from(folder, job.events_read)
        if found.end == job.events_read:
            return
        with transaction.atomic():
            job.hold_lease()
            JobMetric.objects.bulk_create(_metrics(job, found.records), ignore_conflicts=True)
            JobEvent.objects.bulk_create(_entries(job, found.records))
            if found.unreadable:
                note(job, "log", f"{found.unreadable} lines of the program's events could not be read.")
            job.save_observed(events_read=found.end, progress=_progress(job.progress, found.records))


def look_at_tracker(job: TrainingJob) -> None:
    """Note the job's run in the experiment tracker, once there is one. A tracker that is away costs the job nothing."""
    keeper = tracker()
    if keeper is None or job.mlflow_run_id:
        return
    try:
        run = keeper.find_run(experiment=experiment_of(job), job_id=str(job.pk))
    except TrackingUnavailableError as error:
        job.save_observed(tracking_trouble=str(error)[:300])
        return
    if run is not None:
        job.save_observed(mlflow_run_id=run.id, tracking_page=run.page, tracking_trouble="")


def _metrics(job: TrainingJob, records: tuple[Record, ...]) -> list[JobMetric]:
    return [
        JobMetric(job=job, step=record["step"], name=name[:60], value=value, at=_moment(record))
        for record in records
        if record["kind"] == "metric"
        for name, value in record["values"].items()
        if value is not None
    ]


def _entries(job: TrainingJob, records: tuple[Record, ...]) -> list[JobEvent]:
    """Return what belongs in the timeline: phases and remarks. Checkpoints are too many; progress shows the last."""
    entries = []
    for record in records:
        if record["kind"] == "phase":
            entries.append(JobEvent(job=job, at=_moment(record), kind="phase", message=record["name"]))
        elif record["kind"] == "log":
            entries.append(JobEvent(job=job, at=_moment(record), kind=record["level"], message=record["message"]))
    return entries


def _progress(before: dict[str, Any], records: tuple[Record, ...]) -> dict[str, Any]:
    progress = dict(before)
    for record in records:
        if record["kind"] == "phase":
            progress["phase"] = record["name"]
        elif record["kind"] == "metric":
            progress |= {"step": record["step"], "total_steps": record["total_steps"], **record["values"]}
        elif record["kind"] == "checkpoint":
            progress["checkpoint"] = record["step"]
    return progress


def _moment(record: Record) -> datetime:
    return datetime.fromisoformat(record["ts"])
