"""Asking for a higher limit: a kind of access request (see `governance.access`)."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.accounts.models import User
from apps.costs.models import Budget
from apps.costs.selectors import visible_budgets
from apps.costs.services.budgets import change_as_granted
from apps.governance.access import AccessKind, Wish
from apps.governance.errors import AccessHeldError, AccessWishError
from apps.governance.models import AccessRequest


def read_limit(actor: User, given: Mapping[str, Any]) -> Wish:
    """Understand `team`, `budget` (its name) and `month_usd`; who sees a budget may ask for more."""
    budget = visible_budgets(actor=actor).filter(owner_team__slug=given.get("team"), name=given.get("budget")).first()
    if budget is None:
        raise AccessWishError(fields={"budget": ["There is no such budget of that team that you may see."]})
    wanted = _dollars(given.get("month_usd"))
    if wanted <= budget.month_usd:
        raise AccessHeldError(what=f"{budget.month_usd:.2f} USD a month")
    details = {"team": budget.owner_team.slug, "budget": budget.name, "month_usd": f"{wanted:.2f}"}
    words = f"{wanted:.2f} USD a month for {budget.owner_team}, budget '{budget.name}'"
    return Wish(words=words, details=details, team=budget.owner_team)


def asked_budget(request: AccessRequest) -> Budget | None:
    """Return the budget that a request for a limit is about; None when it is gone."""
    return Budget.objects.filter(owner_team=request.owner_team, name=request.details["budget"]).first()


def grant_limit(actor: User, request: AccessRequest) -> None:
    budget = asked_budget(request)
    if budget is None:
        raise AccessWishError(f"{request.wish}: the budget is gone, so nothing can be granted. Reject the request.")
    change_as_granted(actor=actor, budget=budget, month_usd=Decimal(request.details["month_usd"]))


LIMIT = AccessKind(
    name="limit",
    title="A higher budget",
    fields={"team": "Slug of the team.", "budget": "Its name.", "month_usd": "US dollars a month, such as 250.00."},
    read=read_limit,
    grant=grant_limit,
    may_end=False,
)


def _dollars(given: Any) -> Decimal:
    try:
        wanted = Decimal(str(given))
    except InvalidOperation:
        wanted = Decimal(0)
    if not (wanted.is_finite() and 0 < wanted < 10**12):
        raise AccessWishError(fields={"month_usd": ["Write an amount of US dollars, such as 250.00."]})
    return wanted.quantize(Decimal("0.01"))
