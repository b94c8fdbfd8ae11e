"""One step of a run: read both worlds, take one step, say when to look again."""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.services import system_account
from apps.catalog.services import materialise_model
from apps.core.errors import DomainError, UnavailableError
from apps.core.reconcile import LEASE_S
from apps.evaluation import native
from apps.evaluation.models import EvaluationRun, Sample
from apps.evaluation.sampling import drawn
from apps.evaluation.services.finishing import fail, finish
from apps.evaluation.states import RunStatus
from apps.governance.services import record_event
from apps.integrations.orchestration.base import ProcessHost, ProcessState
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.orchestration.rates import hour_usd
from apps.integrations.program.folder import predictions
from apps.integrations.program.starting import environment_trouble, program_process

LOOK_SOON_S = 1.0
LOOK_AGAIN_S = 2.0
LOOK_LATER_S = 10.0
TIME_LIMIT = timedelta(hours=6)
SLOTS_LOCK = 0x6576_616C  # "eval"


def step(run: EvaluationRun) -> float | None:
    """Take one step for a leased run. Returns in how many seconds to look again, or None when nothing is left to do."""
    host = process_host()
    if run.is_final:
        return _put_away(run, host)
    if run.status == RunStatus.QUEUED:
        return _start(run)
    seen = host.observe(run.external_name)
    if seen.state == ProcessState.ABSENT:
        return _launch(run, host)
    if seen.state == ProcessState.EXITED:
        return finish(run, host, seen)
    if run.started_at and timezone.now() - run.started_at > TIME_LIMIT:
        return fail(run, host, f"It had not ended after {TIME_LIMIT}. Ask for fewer samples or shorter answers.")
    return _follow(run, host)


def _put_away(run: EvaluationRun, host: ProcessHost) -> float | None:
    """Remove what a final run left behind, once its process has ended."""
    # Whoever was at a run when it was cancelled may be about to launch it; what is forgotten could be launched.
    may_be_launching = run.finished_at and timezone.now() - run.finished_at < timedelta(seconds=LEASE_S)
    if run.status == RunStatus.CANCELLED and may_be_launching:
        host.stop(run.external_name)
        return LOOK_LATER_S
    if host.observe(run.external_name).state in (ProcessState.STARTING, ProcessState.RUNNING):
        host.stop(run.external_name)
        return LOOK_SOON_S
    host.forget(run.external_name)
    return None


def _start(run: EvaluationRun) -> float:
    if reason := _waits_for_slot(run) or environment_trouble():
        return _wait(run, reason)
    with transaction.atomic():
        run.hold_lease()
        with connection.cursor() as cursor:
            # Until the end of the transaction, so that two runs cannot both take the last slot.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SLOTS_LOCK])
        reason = _waits_for_slot(run)
        if not reason:
            now = timezone.now()
            rate = hour_usd(use_gpu=False, names=[str(run.model_version), run.model_version.name], at=now)
            run.save_observed(status=RunStatus.RUNNING, status_reason="", started_at=now, hour_usd=rate)
            record_event(
                actor=system_account(),
                action="evaluationrun.run",
                subject=run,
                before={"status": str(RunStatus.QUEUED)},
                after={"status": str(RunStatus.RUNNING)},
            )
    return _wait(run, reason) if reason else 0.0


def _waits_for_slot(run: EvaluationRun) -> str:
    """Return what the run waits for, or "" when a slot is its own. First come, first served."""
    running = EvaluationRun.objects.filter(status=RunStatus.RUNNING).count()
    before = EvaluationRun.objects.filter(status=RunStatus.QUEUED, pk__lt=run.pk).count()
    if running + before < settings.LOCAL_JOB_SLOTS:
        return ""
    return f"It waits for a free slot; {running} of {settings.LOCAL_JOB_SLOTS} evaluations run now."


def _wait(run: EvaluationRun, reason: str) -> float:
    if run.status_reason != reason:
        run.save_observed(status_reason=reason)
    return LOOK_AGAIN_S


def _launch(run: EvaluationRun, host: ProcessHost) -> float:
    folder = host.folder(run.external_name)
    run.renew_lease()
    try:
        samples = _samples(run)
        materialise_model(run.model_version, folder / native.MODEL, digest=run.model_digest, beat=run.heartbeat())
    except UnavailableError:
        raise
    except DomainError as error:
        return fail(run, host, str(error))
    # From here on there may be a process, so nobody may launch who has lost the lease.
    run.renew_lease()
    questions = native.prompts_file(samples)
    host.launch(program_process(run.external_name, native.program_spec(run), {native.PROMPTS: questions}))
    return LOOK_SOON_S


def _samples(run: EvaluationRun) -> list[Sample]:
    """Return the run's samples, drawn from the dataset if they have not been."""
    if not run.samples.exists():
        chosen = set(drawn(range(run.dataset.row_count), run.sample_size, seed=run.seed))
        rows = native.rows_of(run.dataset, chosen)
        with transaction.atomic():
            run.hold_lease()
            Sample.objects.bulk_create(
                Sample(run=run, index=index, prompt=str(row["prompt"]), reference=str(row["response"]))
                for index, row in rows
            )
            run.save_observed(progress={"done": 0, "total": run.sample_size})
    return list(run.samples.order_by("index"))


def _follow(run: EvaluationRun, host: ProcessHost) -> float:
    done = sum(1 for _ in predictions(host.folder(run.external_name)))
    if run.progress.get("done") != done:
        run.save_observed(progress={"done": done, "total": run.sample_size})
    return LOOK_AGAIN_S
