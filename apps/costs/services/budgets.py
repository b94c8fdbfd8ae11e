"""Budgets of teams. To change one or to remove it is a `BudgetChange`, which policies decide on."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.core.errors import BrokenRule
from apps.core.lifecycle import Transition
from apps.costs.errors import BudgetNameTakenError, ThresholdsError
from apps.costs.models import Budget, BudgetChange, default_warnings
from apps.costs.states import CHANGE
from apps.governance.errors import ChangeStaleError
from apps.governance.models import ApprovalRequest
from apps.governance.services import Outcome, make_or_ask, record_event, refuse_unless_allowed


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
    record_event(actor=actor, action="budget.create", subject=budget, after=described(budget))
    return budget


@dataclass(frozen=True, slots=True)
class Changed:
    """A budget as it is now, and the request that its change waits for, if policies want approvals for it."""

    budget: Budget
    request: ApprovalRequest | None = None


def change_budget(*, actor: User, budget: Budget, reason: str = "", **changes: Any) -> Changed:
    """Change a budget's `name`, `month_usd`, `enforced` or `warn_at_percent`, or ask for it where policies say so.

    Raises:
        BudgetNameTakenError, ThresholdsError: see `create_budget`.
        PolicyDeniedError: a policy in force refuses.
        ChangePendingError: it needs approvals, and another change of this budget waits for its own.
    """
    with transaction.atomic():
        locked = _locked(actor, budget)
        wanted = _with(locked, changes)
        if (after := described(wanted)) == described(locked):
            return Changed(locked)
        outcome = _make_or_ask(actor, locked, after, reason)
    refuse_unless_allowed(outcome.decision)
    return Changed(locked if outcome.request else wanted, outcome.request)


def delete_budget(*, actor: User, budget: Budget, reason: str = "") -> Changed:
    """Remove a budget, or ask for it where policies say so; what was spent stays in the ledger.

    Raises:
        PolicyDeniedError, ChangePendingError: see `change_budget`.
    """
    with transaction.atomic():
        locked = _locked(actor, budget)
        outcome = _make_or_ask(actor, locked, {}, reason)
    refuse_unless_allowed(outcome.decision)
    return Changed(locked, outcome.request)


def make_change(actor: User, change: BudgetChange, transition: Transition) -> None:
    """Before a change is made: write it to its budget, in the same transaction.

    Raises:
        ChangeStaleError: the budget is gone, or no longer what it was when the change was proposed.
    """
    if transition is not CHANGE:
        return
    locked = Budget.objects.select_for_update().filter(pk=change.budget_id).first()
    if locked is None:
        raise ChangeStaleError(label=change, why="the budget is gone")
    if described(locked) != change.before:
        raise ChangeStaleError(label=change, why="the budget has been changed since it was asked for")
    if change.is_removal:
        record_event(actor=actor, action="budget.delete", subject=locked, before=change.before)
        locked.delete()
    else:
        _write(actor, locked, change.after | {"month_usd": Decimal(change.after["month_usd"])})


@transaction.atomic
def change_as_granted(*, actor: User, budget: Budget, **changes: Any) -> Budget:
    """Make a change that an approved request for access has allowed; see `change_budget`."""
    return _write(actor, Budget.objects.select_for_update().get(pk=budget.pk), changes)


def described(budget: Budget) -> dict[str, Any]:
    """Return a budget as events and changes keep it."""
    return {
        "name": budget.name,
        "month_usd": str(budget.month_usd.quantize(Decimal("0.01"))),
        "enforced": budget.enforced,
        "warn_at_percent": budget.warn_at_percent,
    }


def _locked(actor: User, budget: Budget) -> Budget:
    require(actor, Permission.MANAGE, budget)
    return Budget.objects.select_for_update(of=("self",)).select_related("owner_team").get(pk=budget.pk)


def _with(budget: Budget, changes: Mapping[str, Any]) -> Budget:
    """Return a copy of `budget` with `changes`, not saved."""
    wanted = copy(budget)
    for name, value in changes.items():
        setattr(wanted, name, _checked(value) if name == "warn_at_percent" else value)
    return wanted


def _make_or_ask(actor: User, budget: Budget, after: dict[str, Any], reason: str) -> Outcome:
    """Have a change of a locked budget made, or asked for; `after` is empty for its removal."""
    others = Budget.objects.filter(owner_team=budget.owner_team_id).exclude(pk=budget.pk)
    if after and others.filter(name=after["name"]).exists():
        raise BudgetNameTakenError(name=after["name"], fields={"name": ["Taken on this team."]})
    change = BudgetChange(
        owner_team=budget.owner_team,
        budget=budget,
        budget_name=budget.name,
        before=described(budget),
        after=after,
        reason=reason,
        created_by=actor,
    )
    return make_or_ask(actor=actor, change=change, transition=CHANGE, reason=reason, rivals=budget.changes.all())


def _write(actor: User, locked: Budget, changes: Mapping[str, Any]) -> Budget:
    before, wanted = described(locked), _with(locked, changes)
    _save(wanted)
    if (after := described(wanted)) != before:
        record_event(actor=actor, action="budget.change", subject=wanted, before=before, after=after)
    return wanted


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
