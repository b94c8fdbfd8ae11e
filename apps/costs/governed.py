"""What governance is told about changes of budgets: what a decision is about, who proposed, and facts."""

from typing import Any
from uuid import UUID

from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.costs.limits import LIMIT, asked_budget
from apps.costs.models import Budget, BudgetChange
from apps.costs.services.budgets import described
from apps.governance.comparisons import Aspect
from apps.governance.fact_shapes import Flag, Number, Record, Text
from apps.governance.models import AccessRequest

WITHOUT_BOUND = 1000.0  # as a share: what a limit grows by that was nothing, or is to be none

SUBJECT = Record(
    fields={
        "budget": Text(description="Its name.", example="Inference"),
        "team": Text(description="Slug of the team that it bounds.", example="voc"),
        "is_removal": Flag(description="Whether it is to be removed.", example=False),
    }
)
CHANGE = Record(
    fields={
        "from_usd": Number(description="US dollars a month so far.", example=100.0),
        "to_usd": Number(description="US dollars a month then; null where no limit is left.", nullable=True),
        "growth_share": Number(
            description="Of the limit so far: 0.25 for a quarter more, below 0 for less; 1000 where it was nothing or"
            " is removed.",
            example=0.25,
        ),
        "was_enforced": Flag(description="Whether it refuses calls so far, once it is spent."),
        "is_enforced": Flag(description="Whether it will."),
        "is_removal": Flag(description="Whether it is to be removed.", example=False),
    }
)
UNTOUCHED = {
    "from_usd": 0.0,
    "to_usd": 0.0,
    "growth_share": 0.0,
    "was_enforced": False,
    "is_enforced": False,
    "is_removal": False,
}


def manifest(change: BudgetChange) -> dict[str, Any]:
    """Return what an approval of a change is for."""
    return {
        "budget": change.budget_name,
        "budget_id": str(change.budget_id),
        "team": change.owner_team.slug,
        "is_removal": change.is_removal,
        "before": change.before,
        "after": change.after,
    }


def people(change: BudgetChange) -> dict[UUID, str]:
    return {change.created_by_id: "proposed"}


def page(_: BudgetChange) -> str:
    return reverse("costs:costs")


def refuse_asker(actor: User, change: BudgetChange) -> None:
    """Refuse who may not ask for a change: whoever may not make one that needs no approval."""
    require(actor, Permission.MANAGE, change)


def change_facts(change: BudgetChange) -> dict[str, Any]:
    """Return the facts "change" of a change of a budget."""
    return _facts(change.before, change.after)


def limit_facts(request: AccessRequest) -> dict[str, Any] | None:
    """Return the same of a request for a higher limit, which changes a budget when it is granted.

    Requests for anything else change none: nothing grows, nothing was enforced. Where the budget is gone there is
    nothing to say, and a policy that reads it denies.
    """
    if request.kind != LIMIT.name:
        return UNTOUCHED
    budget = asked_budget(request)
    if budget is None:
        return None
    now = described(budget)
    return _facts(now, now | {"month_usd": request.details["month_usd"]})


def before(change: BudgetChange) -> Budget | None:
    """Return the budget that a change would change, to be shown beside it."""
    return Budget.objects.filter(pk=change.budget_id).first()


def _facts(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    limit = float(before["month_usd"])
    wanted = float(after["month_usd"]) if after else None
    grows_without_bound = wanted is None or (limit == 0 and wanted > 0)
    return {
        "from_usd": limit,
        "to_usd": wanted,
        "growth_share": WITHOUT_BOUND if grows_without_bound else _growth(limit, wanted or 0.0),
        "was_enforced": before["enforced"],
        "is_enforced": bool(after) and after["enforced"],
        "is_removal": not after,
    }


def _growth(limit: float, wanted: float) -> float:
    return min((wanted - limit) / limit, WITHOUT_BOUND) if limit else 0.0


ASPECT = Aspect("Budget", lambda side: side.after if isinstance(side, BudgetChange) else described(side))
