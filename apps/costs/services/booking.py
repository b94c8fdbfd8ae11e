"""Booking what was spent. Each request, job and run is booked once, whatever is delivered twice."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.accounts.services import system_account
from apps.costs.models import Budget, BudgetNotice, Kind, LedgerEntry, Price
from apps.costs.selectors import month_of, month_spend
from apps.evaluation.models import EvaluationRun
from apps.governance.services import record_event
from apps.serving.models import Endpoint
from apps.telemetry.models import RequestEvent
from apps.training.models import TrainingJob

_SECONDS_PER_HOUR = 3600


@transaction.atomic
def book_requests(*, events: Iterable[RequestEvent]) -> None:
    """Book requests at the cost that the gateway counted for them; those that used no tokens cost nothing."""
    counted = [event for event in events if event.team_id is not None and event.total_tokens]
    endpoints = Endpoint.objects.filter(pk__in={event.endpoint_id for event in counted if event.endpoint_id})
    owners = {pk: (team, project) for pk, team, project in endpoints.values_list("pk", "owner_team_id", "project_id")}
    _book(
        LedgerEntry(
            owner_team_id=event.team_id,  # type: ignore[misc]  # none was left out above
            project_id=_project_then(event, owners),
            kind=Kind.INFERENCE,
            source_id=event.id,
            at=event.at,
            route=event.route,
            model_version_id=event.model_version_id,
            user_id=event.user_id,
            quantity={"prompt_tokens": event.prompt_tokens, "completion_tokens": event.completion_tokens},
            usd=event.cost_usd,
        )
        for event in counted
    )


def _project_then(event: RequestEvent, owners: Mapping[UUID, tuple[UUID, UUID | None]]) -> UUID | None:
    """Return the project of the endpoint that answered, if it is still of the team that the request is booked for."""
    team_id, project_id = owners.get(event.endpoint_id, (None, None)) if event.endpoint_id else (None, None)
    return project_id if team_id == event.team_id else None


@transaction.atomic
def book_job(*, job: TrainingJob) -> None:
    """Book a finished training job; one that never started cost nothing."""
    unit = Price.Unit.GPU_HOURS if job.spec["use_gpu"] else Price.Unit.CPU_HOURS
    _book_work(job, Kind.TRAINING, model_version_id=job.output_model_id, unit=unit, processors=job.processors)


@transaction.atomic
def book_run(*, run: EvaluationRun) -> None:
    """Book a finished evaluation run; one that never started cost nothing."""
    unit = Price.Unit.CPU_HOURS
    _book_work(run, Kind.EVALUATION, model_version_id=run.model_version_id, unit=unit, processors=1)


def _book_work(
    work: TrainingJob | EvaluationRun, kind: Kind, *, model_version_id: UUID | None, unit: str, processors: int
) -> None:
    if work.started_at is None or work.finished_at is None:
        return
    hours = (work.finished_at - work.started_at).total_seconds() / _SECONDS_PER_HOUR
    entry = LedgerEntry(
        owner_team_id=work.owner_team_id,
        project_id=work.project_id,
        kind=kind,
        source_id=work.pk,
        at=work.finished_at,
        model_version_id=model_version_id,
        user_id=work.created_by_id,
        quantity={unit: hours * processors},
        usd=work.cost_usd,
    )
    _book([entry])


def _book(entries: Iterable[LedgerEntry]) -> None:
    booked = list(entries)
    LedgerEntry.objects.bulk_create(booked, ignore_conflicts=True, batch_size=500)
    for month in {month_of(entry.at) for entry in booked}:
        _notice_budgets({entry.owner_team_id for entry in booked if month_of(entry.at) == month}, month)


def _notice_budgets(team_ids: set[UUID], month: date) -> None:
    """Note which shares of the teams' budgets are spent now, each once a month."""
    budgets = list(Budget.objects.filter(owner_team_id__in=team_ids).order_by("pk"))
    if not budgets:
        return
    spent = month_spend(month, teams=team_ids)
    for budget in budgets:
        used = spent.get(budget.owner_team_id, Decimal(0))
        for percent in budget.percents:
            if used * 100 >= budget.month_usd * percent:
                _notice(budget, month, percent, used)


def _notice(budget: Budget, month: date, percent: int, used: Decimal) -> None:
    _, is_new = BudgetNotice.objects.get_or_create(budget=budget, month=month, percent=percent)
    if is_new:
        record_event(
            actor=system_account(),
            action="budget.reached",
            subject=budget,
            after={"percent": percent, "month": month.isoformat(), "spent_usd": str(used)},
        )
