"""Budgets of teams."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.core.errors import BrokenRule
from apps.costs.errors import BudgetNameTakenError, ThresholdsError
from apps.costs.models import Budget, default_warnings
from apps.governance.services import record_event


@transaction.atomic
def create_budget(
    *,
    actor: User,
    team: Team,
    name: str,
    month_usd: Decimal,
    enforced: bool = True,
    warn_at_percent: Sequence[int] | None = None,
) -> Budget:
    """Give a team a budget per month.

    Args:
        enforced: whether the gateway refuses calls that would exceed it.
        warn_at_percent: shares of it that are noted when they are spent; default 80.

    Raises:
        BudgetNameTakenError: the team has one of that name.
        ThresholdsError: a share is not from 1 to 99, or given twice.
    """
    require_on_team(actor, Permission.MANAGE, team)
    budget = Budget(
        owner_team=team,
        name=name,
        month_usd=month_usd,
        enforced=enforced,
        warn_at_percent=_checked(default_warnings() if warn_at_percent is None else warn_at_percent),
    )
    _save(budget)
    record_event(actor=actor, action="budget.create", subject=budget, after=_described(budget))
    return budget


@transaction.atomic
def change_budget(*, actor: User, budget: Budget, **changes: Any) -> Budget:
    """Change a budget's `name`, `month_usd`, `enforced` or `warn_at_percent`. Raises as `create_budget` does."""
    require(actor, Permission.MANAGE, budget)
    return change_as_granted(actor=actor, budget=budget, **changes)


@transaction.atomic
def change_as_granted(*, actor: User, budget: Budget, **changes: Any) -> Budget:
    """Make a change that something else has allowed, such as an approved request; see `change_budget`."""
    locked = Budget.objects.select_for_update().get(pk=budget.pk)
    before = _described(locked)
    for name, value in changes.items():
        setattr(locked, name, _checked(value) if name == "warn_at_percent" else value)
    _save(locked)
    if (after := _described(locked)) != before:
        record_event(actor=actor, action="budget.change", subject=locked, before=before, after=after)
    return locked


@transaction.atomic
def delete_budget(*, actor: User, budget: Budget) -> None:
    """Remove a budget; what was spent stays in the ledger."""
    require(actor, Permission.MANAGE, budget)
    locked = Budget.objects.select_for_update().get(pk=budget.pk)
    record_event(actor=actor, action="budget.delete", subject=locked, before=_described(locked))
    locked.delete()


def _save(budget: Budget) -> None:
    try:
        with transaction.atomic():
            budget.save()
    except IntegrityError:
        raise BudgetNameTakenError(name=budget.name, fields={"name": ["Taken on this team."]}) from None


def _checked(percents: Sequence[int]) -> list[int]:
    wrong = [percent for percent in percents if not 1 <= percent <= 99]
    if wrong or len(set(percents)) != len(percents):
        why = f"{', '.join(map(str, percents))} holds a share outside 1 to 99, or one twice."
        mend = "Leave out 100: there the budget is spent anyway."
        raise ThresholdsError(rules=[BrokenRule("thresholds_sane", "warn_at_percent", why, mend)])
    return sorted(percents)


def _described(budget: Budget) -> dict[str, Any]:
    return {
        "name": budget.name,
        "month_usd": str(budget.month_usd.quantize(Decimal("0.01"))),
        "enforced": budget.enforced,
        "warn_at_percent": budget.warn_at_percent,
    }
