"""One step of a job: read both worlds, take one step, say when to look again."""

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.services import system_account
from apps.catalog.services import materialise_model
from apps.catalog.states import ModelStatus
from apps.core.errors import DomainError, UnavailableError
from apps.datasets.services import materialise_dataset
from apps.datasets.states import DatasetStatus
from apps.integrations.orchestration.base import Observation, ProcessHost, ProcessState
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.orchestration.rates import hour_usd
from apps.integrations.program.starting import environment_trouble, program_process
from apps.training import native, selectors
from apps.training.models import TrainingJob
from apps.training.services.finishing import finish, tidy
from apps.training.services.history import move, note
from apps.training.services.progress import look_at_tracker, take_over_events
from apps.training.states import JobStatus, Wanted

LOOK_SOON_S = 1.0
LOOK_AGAIN_S = 2.0
LOOK_LATER_S = 10.0
STOP_GRACE_S = 20.0  # the program writes its result within seconds of SIGTERM; a checkpoint may take longer
SLOTS_LOCK = 0x7472_6169  # "trai"


def step(job: TrainingJob) -> float | None:
    """Take one step for a leased job. Returns in how many seconds to look again, or None when nothing is left to do."""
    host = process_host()
    if job.is_final:
        tidy(job, host)
        return None
    seen = host.observe(job.external_name)
    if job.wanted == Wanted.CANCEL:
        return _cancel(job, host, seen)
    if job.status == JobStatus.QUEUED:
        return _start(job)
    return _follow(job, host, seen)


def _cancel(job: TrainingJob, host: ProcessHost, seen: Observation) -> float:
    if seen.state == ProcessState.EXITED:
        return finish(job, host, seen)
    # Of a process that was never started this makes sure that it never is.
    host.stop(job.external_name, grace_s=STOP_GRACE_S)
    return 0.0 if seen.state == ProcessState.ABSENT else LOOK_SOON_S


def _start(job: TrainingJob) -> float:
    """Give the job one of the slots, if one is free and the program can be started."""
    if reason := _waits_for_slot(job) or environment_trouble():
        return _wait(job, reason)
    with transaction.atomic():
        job.hold_lease()
        with connection.cursor() as cursor:
            # Until the end of the transaction, so that two jobs cannot both take the last slot.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SLOTS_LOCK])
        reason = _waits_for_slot(job)
        if not reason:
            now = timezone.now()
            rate = hour_usd(use_gpu=job.spec["use_gpu"], names=[job.artifact_name], at=now)
            move(job, JobStatus.RUNNING, actor=system_account(), started_at=now, hour_usd=rate)
    return _wait(job, reason) if reason else 0.0


def _waits_for_slot(job: TrainingJob) -> str:
    """Return what the job waits for, or "" when a slot is its own. First come, first served."""
    running = TrainingJob.objects.filter(orchestrator=job.orchestrator, status=JobStatus.RUNNING).count()
    before = selectors.jobs_before(job)
    if running + before < settings.LOCAL_JOB_SLOTS:
        return ""
    ahead = f" {before} wait before it." if before else ""
    return f"It waits for a free slot; {running} of {settings.LOCAL_JOB_SLOTS} jobs run now.{ahead}"


def _wait(job: TrainingJob, reason: str) -> float:
    if job.status_reason != reason:
        with transaction.atomic():
            job.hold_lease()
            job.save_observed(status_reason=reason)
            note(job, "waiting", reason)
    return LOOK_AGAIN_S


def _follow(job: TrainingJob, host: ProcessHost, seen: Observation) -> float:
    """Bring a job that has a slot to its process, or its process to the record."""
    if seen.state == ProcessState.ABSENT:
        return _launch(job, host)
    if seen.state == ProcessState.EXITED:
        return finish(job, host, seen)
    take_over_events(job, host.folder(job.external_name))
    look_at_tracker(job)
    return LOOK_AGAIN_S


def _launch(job: TrainingJob, host: ProcessHost) -> float:
    if refusal := _no_longer_approved(job):
        host.stop(job.external_name)
        return finish(job, host, host.observe(job.external_name), refusal=refusal)
    folder = host.folder(job.external_name)
    job.renew_lease()
    try:
        laid = materialise_dataset(job.dataset, folder / native.INPUTS, beat=job.heartbeat())
        laid.replace(folder / native.dataset_path(job))
        if job.base_model is not None:
            base = job.base_model
            materialise_model(base, folder / native.BASE_MODEL, digest=base.digest, beat=job.heartbeat())
    except UnavailableError:
        raise
    except DomainError as error:
        host.stop(job.external_name)
        return finish(job, host, host.observe(job.external_name), refusal=str(error))
    # From here on there may be a process, so nobody may launch who has lost the lease.
    job.renew_lease()
    host.launch(program_process(job.external_name, native.program_spec(job)))
    return LOOK_SOON_S


def _no_longer_approved(job: TrainingJob) -> str:
    """Return why a job that waited may no longer start; "" when what it trains on is still approved."""
    if job.dataset.status != DatasetStatus.APPROVED:
        return f"'{job.dataset}' was approved when the job was submitted and no longer is."
    if job.base_model is not None and job.base_model.status != ModelStatus.APPROVED:
        return f"'{job.base_model}' was approved when the job was submitted and no longer is."
    return ""
