"""Reads of costs: what was spent, on what, and how much is left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.selectors import visible_to
from apps.catalog.models import ModelVersion
from apps.costs.errors import BadPeriodError
from apps.costs.models import Budget, BudgetChange, DailySpend, Kind, LedgerEntry, Price
from apps.costs.pricing import PriceList
from apps.governance.selectors import waiting_request
from apps.governance.states import ChangeStatus

DIMENSIONS: Mapping[str, str] = {
    "day": "day",
    "resource_type": "kind",
    "team": "owner_team_id",
    "model": "model_version_id",
    "route": "route",
}
FILTERS: Mapping[str, str] = {
    "resource_type": "kind",
    "owner_team": "owner_team__slug",
    "model_id": "model_version_id",
    "route": "route",
    "since": "day__gte",
    "until": "day__lte",
}


@dataclass(frozen=True, slots=True)
class Spend:
    """What was spent on one group of things.

    Attributes:
        key: the value of each dimension, as text; empty where a cost has none (training has no route).
        label: for a person, such as "voc-classifier 3".
    """

    key: dict[str, str]
    label: str
    entries: int
    prompt_tokens: int
    completion_tokens: int
    cpu_hours: float
    gpu_hours: float
    usd: Decimal

    @property
    def hours(self) -> float:
        """Of processors and of GPUs, together."""
        return self.cpu_hours + self.gpu_hours


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget and what was spent of it in the month; `request_id` is of the request that a change of it waits for."""

    budget: Budget
    spent_usd: Decimal
    noticed: tuple[int, ...]
    request_id: UUID | None = None

    @property
    def left_usd(self) -> Decimal:
        return max(self.budget.month_usd - self.spent_usd, Decimal(0))

    @property
    def spent_percent(self) -> float:
        """Share of the budget that is spent; 100 or more when it is used up."""
        if not self.budget.month_usd:
            return 100.0
        return float(100 * self.spent_usd / self.budget.month_usd)

    @property
    def spent_cents(self) -> Decimal:
        """What is spent in dollars, to the cent."""
        return round(self.spent_usd, 2)

    @property
    def is_spent(self) -> bool:
        return self.spent_usd >= self.budget.month_usd


def month_of(moment: datetime) -> date:
    """Return the first day of the month of a moment, in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def visible_spend(*, actor: User) -> QuerySet[DailySpend]:
    """Daily sums of teams where `actor` may read."""
    return visible_to(actor, DailySpend.objects.order_by("day"))


def visible_entries(*, actor: User) -> QuerySet[LedgerEntry]:
    """Ledger entries of teams where `actor` may read, newest first."""
    return visible_to(actor, LedgerEntry.objects.select_related("owner_team", "project"))


def visible_budgets(*, actor: User) -> QuerySet[Budget]:
    """Budgets of teams where `actor` may read, newest first."""
    return visible_to(actor, Budget.objects.select_related("owner_team"))


def spend(*, actor: User, group_by: Iterable[str], asked: Mapping[str, Any] | None = None) -> list[Spend]:
    """Return what was spent, summed by dimensions, in the order of days or the largest first.

    Args:
        group_by: names of `DIMENSIONS`.
        asked: values of `FILTERS`; `since` and `until` are days (UTC), both included.

    Raises:
        BadPeriodError: `since` lies after `until`.
    """
    dimensions, asked = list(group_by), dict(asked or {})
    since, until = asked.get("since"), asked.get("until")
    if since and until and since > until:
        raise BadPeriodError(fields={"since": [f"{since} lies after {until}. Swap them."]})
    rows = visible_spend(actor=actor).filter(**{FILTERS[name]: value for name, value in asked.items()})
    columns = [DIMENSIONS[name] for name in dimensions]
    sums = {
        name: Sum(name) for name in ("entries", "prompt_tokens", "completion_tokens", "cpu_hours", "gpu_hours", "usd")
    }
    grouped = rows.order_by().values(*columns).annotate(**sums)
    ordered = list(grouped.order_by("day") if "day" in dimensions else grouped.order_by("-usd", *columns))
    names = _names(ordered)
    return [_spend(dimensions, row, names) for row in ordered]


def total_usd(rows: Iterable[Spend]) -> Decimal:
    return sum((row.usd for row in rows), start=Decimal(0))


def month_to_date(*, actor: User) -> Decimal:
    """Return what the teams where `actor` may read have spent in this month (UTC), together."""
    month = month_of(timezone.now())
    rows = visible_spend(actor=actor).filter(day__year=month.year, day__month=month.month)
    spent: Decimal = rows.order_by().aggregate(spent=Sum("usd", default=Decimal(0)))["spent"]
    return spent


def month_spend(month: date, *, teams: Iterable[UUID] | None = None) -> dict[UUID, Decimal]:
    """Return what each team has spent in the month that begins on `month`; for services and the gateway."""
    rows = DailySpend.objects.filter(day__year=month.year, day__month=month.month)
    if teams is not None:
        rows = rows.filter(owner_team_id__in=list(teams))
    sums = rows.order_by().values("owner_team_id").annotate(spent=Sum("usd"))
    return {row["owner_team_id"]: row["spent"] for row in sums}


def budget_states(budgets: Iterable[Budget], *, at: datetime | None = None) -> list[BudgetState]:
    """Return how the budgets stand in the month of `at` (default: now); three queries."""
    month = month_of(at or timezone.now())
    listed = list(budgets)
    spent = month_spend(month, teams={budget.owner_team_id for budget in listed})
    noticed: dict[UUID, list[int]] = {}
    states = Budget.objects.filter(pk__in=[budget.pk for budget in listed], notices__month=month)
    for pk, percent in states.values_list("pk", "notices__percent").order_by("notices__percent"):
        noticed.setdefault(pk, []).append(percent)
    waiting = _waiting(listed)
    return [
        BudgetState(
            budget,
            spent.get(budget.owner_team_id, Decimal(0)),
            tuple(noticed.get(budget.pk, ())),
            waiting.get(budget.pk),
        )
        for budget in listed
    ]


def _waiting(budgets: Iterable[Budget]) -> dict[UUID, UUID]:
    """Return the request that a change of each budget waits for, by the budget's id."""
    proposed = BudgetChange.objects.filter(budget__in=[budget.pk for budget in budgets], status=ChangeStatus.PROPOSED)
    return dict(proposed.values_list("budget_id", waiting_request(BudgetChange)))


def enforced_limits() -> dict[UUID, Decimal]:
    """Return, per team, the tightest of its enforced budgets; for the gateway."""
    limits: dict[UUID, Decimal] = {}
    for team_id, month_usd in Budget.objects.filter(enforced=True).values_list("owner_team_id", "month_usd"):
        limits[team_id] = min(month_usd, limits.get(team_id, month_usd))
    return limits


def hour_usd(*, use_gpu: bool, names: Sequence[str], at: datetime) -> Decimal:
    """Return what an hour of one processor costs at a moment; see `rates.RateProvider`."""
    return price_list().usd(Price.Unit.GPU_HOURS if use_gpu else Price.Unit.CPU_HOURS, names=names, at=at)


def price_list() -> PriceList:
    """Return every price."""
    return PriceList(Price.objects.all())


def _spend(dimensions: list[str], row: dict[str, Any], names: Mapping[UUID, str]) -> Spend:
    values = {name: row[DIMENSIONS[name]] for name in dimensions}
    labels = [_label(name, value, names) for name, value in values.items()]
    return Spend(
        key={name: "" if value is None else str(value) for name, value in values.items()},
        label=", ".join(labels),
        entries=row["entries"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        cpu_hours=row["cpu_hours"],
        gpu_hours=row["gpu_hours"],
        usd=row["usd"],
    )


def _label(dimension: str, value: Any, names: Mapping[UUID, str]) -> str:
    if dimension == "resource_type":
        return str(Kind(value).label)
    if value in (None, ""):
        return f"Without a {dimension}"
    return names.get(value, str(value))


def _names(rows: list[dict[str, Any]]) -> dict[UUID, str]:
    """Return names of the teams and model versions among `rows`, each kind in one query."""
    names: dict[UUID, str] = {}
    if teams := {row["owner_team_id"] for row in rows if "owner_team_id" in row}:
        names |= dict(Team.objects.filter(pk__in=teams).values_list("pk", "name"))
    if models := {row["model_version_id"] for row in rows if row.get("model_version_id")}:
        versions = ModelVersion.objects.filter(pk__in=models).values_list("pk", "name", "version")
        names |= {pk: f"{name} {version}" for pk, name, version in versions}
    return names
