"""The end of a job: what came of it, told once, with everything that follows from it in one transaction."""

import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import system_account
from apps.catalog.models import ModelVersion
from apps.catalog.services import add_model_files, create_model
from apps.core.errors import DomainError, UnavailableError
from apps.integrations.orchestration import rates
from apps.integrations.orchestration.base import Observation, ProcessHost
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.program.folder import read_record, verified_output
from apps.integrations.program.outcome import Ending, Outcome, outcome_of
from apps.training import signals
from apps.training.cards import card_of
from apps.training.models import TrainingJob
from apps.training.services.history import move
from apps.training.services.progress import look_at_tracker, take_over_events
from apps.training.states import JobStatus, Wanted

LOG_TAIL_LINES = 40
STATUS_OF = {Ending.FAILED: JobStatus.FAILED, Ending.LOST: JobStatus.LOST}
KEPT_OF_A_FOLDER = frozenset({"log.txt", "spec.json", "events.jsonl", "facts.json", "manifest.json", "result.json"})


def finish(job: TrainingJob, host: ProcessHost, seen: Observation, *, refusal: str = "") -> float:
    """Make a job final whose process has ended (or, by `refusal`, never was). Returns when to look again."""
    folder = host.folder(job.external_name)
    take_over_events(job, folder)
    if job.wanted == Wanted.CANCEL:
        _end(job, seen, JobStatus.CANCELLED, reason="It was cancelled before it ended.")
        return 0.0
    outcome = Outcome(Ending.FAILED, refusal) if refusal else outcome_of(folder, seen)
    if outcome.ending == Ending.SUCCEEDED:
        outcome = _register(job, folder, seen)
    if outcome.ending != Ending.SUCCEEDED:
        tail = host.log_tail(job.external_name, LOG_TAIL_LINES)
        _end(job, seen, STATUS_OF[outcome.ending], reason=outcome.reason, log_tail=tail)
    return 0.0


def give_up(job: TrainingJob, reason: str) -> None:
    """End a job as failed that no step brings any further. Takes over nothing: that may be what cannot be done."""
    if job.is_final:
        return
    host = process_host()
    host.stop(job.external_name)
    _end(job, host.observe(job.external_name), JobStatus.FAILED, reason=reason)


def tidy(job: TrainingJob, host: ProcessHost) -> None:
    """Remove from the folder of a final job what is kept elsewhere: its inputs, its output, its checkpoints."""
    for path in host.folder(job.external_name).iterdir():
        if path.is_dir() and not path.name.startswith("."):
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in KEPT_OF_A_FOLDER and path.is_file():
            path.unlink(missing_ok=True)


def cost_usd(job: TrainingJob, until: datetime) -> Decimal:
    """Return what a job has cost until a moment."""
    return rates.cost_usd(began_at=job.started_at, until=until, hour_usd=job.hour_usd, processors=job.processors)


def _register(job: TrainingJob, folder: Path, seen: Observation) -> Outcome:
    """Register what the job made and make the job final: both, or neither."""
    look_at_tracker(job)
    job.renew_lease()
    facts = read_record(folder, "facts.json") or {}
    try:
        files = verified_output(folder, beat=job.heartbeat())
        with transaction.atomic():
            job.hold_lease()
            model = _create_model(system_account(), job, facts)
            add_model_files(actor=system_account(), model=model, files=files)
            _end(job, seen, JobStatus.SUCCEEDED, reason="", output_model=model, facts=facts)
    except UnavailableError:
        raise
    except DomainError as error:
        return Outcome(Ending.FAILED, f"It ran to its end, but what it made could not be registered: {error}")
    return Outcome(Ending.SUCCEEDED)


def _create_model(actor: User, job: TrainingJob, facts: dict[str, Any]) -> ModelVersion:
    return create_model(
        actor=actor,
        team=job.owner_team,
        project=job.project,
        name=job.artifact_name,
        type=ModelVersion.Type.FINE_TUNED if job.base_model else ModelVersion.Type.BASE,
        model_family=job.spec["model_family"],
        base_model=job.base_model,
        license=job.base_model.license if job.base_model else "",
        description=f"Made by {job.get_job_type_display().lower()} on {job.dataset}.",
        metadata={"training_job": str(job.pk), "method": job.spec["method"]},
        card=card_of(job, facts),
    )


@transaction.atomic
def _end(job: TrainingJob, seen: Observation, status: JobStatus, *, reason: str, **changes: Any) -> None:
    """Write the end of `job`, its cost, its history, and announce it."""
    job.hold_lease()
    finished_at = seen.finished_at or timezone.now()
    started_at = job.started_at and (seen.started_at or job.started_at)
    job.started_at = started_at
    move(
        job,
        status,
        actor=system_account(),
        reason=reason,
        started_at=started_at,
        finished_at=finished_at,
        cost_usd=cost_usd(job, finished_at),
        **changes,
    )
    signals.job_finished.send(sender=TrainingJob, job=job)
