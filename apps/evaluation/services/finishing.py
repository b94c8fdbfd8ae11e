"""The end of a run: its answers scored, its figures computed, told once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import system_account
from apps.evaluation import signals
from apps.evaluation.intervals import described, mean_interval
from apps.evaluation.metrics import METRICS
from apps.evaluation.models import EvaluationRun, Sample
from apps.evaluation.states import RunStatus
from apps.governance.services import record_event
from apps.integrations.orchestration import rates
from apps.integrations.orchestration.base import Observation, ProcessHost
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.program.folder import Record, predictions, read_record
from apps.integrations.program.outcome import Ending, outcome_of

LOG_TAIL_LINES = 40
VERB_OF = {RunStatus.SUCCEEDED: "succeed", RunStatus.FAILED: "fail", RunStatus.CANCELLED: "cancel"}
ANSWER_FIELDS = ("prediction", "prompt_tokens", "completion_tokens", "latency_ms", "scores")


def finish(run: EvaluationRun, host: ProcessHost, seen: Observation) -> float:
    """Make a run final whose process has ended. Returns when to look again."""
    folder = host.folder(run.external_name)
    outcome = outcome_of(folder, seen)
    if outcome.ending != Ending.SUCCEEDED:
        return fail(run, host, outcome.reason, seen=seen)
    run.renew_lease()
    samples, answers = list(run.samples.order_by("index")), {record["index"]: record for record in predictions(folder)}
    if missing := [sample.index for sample in samples if sample.index not in answers]:
        return fail(run, host, f"{len(missing)} samples have no answer, the first is row {missing[0]}.", seen=seen)
    for sample in samples:
        _take_over(sample, answers[sample.index], run.metrics_wanted)
    results = results_of(samples, run.metrics_wanted, seed=run.seed)
    facts = read_record(folder, "facts.json") or {}
    with transaction.atomic():
        run.hold_lease()
        Sample.objects.bulk_update(samples, ANSWER_FIELDS, batch_size=500)
        done = {"done": len(samples), "total": len(samples)}
        end(run, seen, RunStatus.SUCCEEDED, results=results, facts=facts, progress=done)
    return 0.0


def fail(run: EvaluationRun, host: ProcessHost, reason: str, *, seen: Observation | None = None) -> float:
    """Make a run final that cannot succeed. Returns when to look again."""
    host.stop(run.external_name)
    tail = host.log_tail(run.external_name, LOG_TAIL_LINES)
    with transaction.atomic():
        run.hold_lease()
        end(run, seen, RunStatus.FAILED, reason=reason, log_tail=tail)
    return 0.0


def give_up(run: EvaluationRun, reason: str) -> None:
    """End a run as failed that no step brings any further. Takes over nothing: that may be what cannot be done."""
    if run.is_final:
        return
    process_host().stop(run.external_name)
    with transaction.atomic():
        run.hold_lease()
        end(run, None, RunStatus.FAILED, reason=reason)


def end(
    run: EvaluationRun,
    seen: Observation | None,
    status: RunStatus,
    *,
    actor: User | None = None,
    reason: str = "",
    **changes: Any,
) -> None:
    """Write the end of `run` and its cost, and announce it. Call it inside a transaction that holds the lease.

    Args:
        seen: its process; None where nobody looked.
        actor: who ended it; None for the portal itself.
    """
    finished_at = (seen and seen.finished_at) or timezone.now()
    run.started_at = run.started_at and ((seen and seen.started_at) or run.started_at)
    before = run.status
    run.save_observed(
        status=status,
        status_reason=reason,
        started_at=run.started_at,
        finished_at=finished_at,
        cost_usd=cost_usd(run, finished_at),
        **changes,
    )
    record_event(
        actor=actor or system_account(),
        action=f"evaluationrun.{VERB_OF[status]}",
        subject=run,
        before={"status": str(before)},
        after={"status": str(status), "results": changes.get("results", {})},
        reason=reason,
    )
    signals.run_finished.send(sender=EvaluationRun, run=run)


def results_of(samples: list[Sample], metrics: list[str], *, seed: int) -> dict[str, Any]:
    """Return each metric's mean over scored samples with its interval."""
    return {
        metric: described(mean_interval([sample.scores[metric] for sample in samples], seed=seed), seed=seed)
        for metric in metrics
    }


def cost_usd(run: EvaluationRun, until: datetime) -> Decimal:
    """Return what a run has cost until a moment."""
    return rates.cost_usd(began_at=run.started_at, until=until, hour_usd=run.hour_usd)


def _take_over(sample: Sample, answer: Record, metrics: list[str]) -> None:
    sample.prediction = answer["prediction"]
    sample.prompt_tokens = answer["prompt_tokens"]
    sample.completion_tokens = answer["completion_tokens"]
    sample.latency_ms = answer["latency_ms"]
    sample.scores = {metric: METRICS[metric](sample.prediction, sample.reference) for metric in metrics}
