"""Pages of costs: what was spent on what, and budgets."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_somewhere, teams_where
from apps.core.errors import DomainError
from apps.core.web.charts import Chart, Series
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.costs import selectors, services
from apps.costs.models import Budget, Kind
from apps.costs.selectors import Spend
from apps.costs.web.forms import BudgetForm, SpendFilters

SHOWN = 10


@needs(Permission.READ)
def costs(request: HtmxHttpRequest) -> HttpResponse:
    """What was spent in a period: how much, on what kind of thing, day by day, by whom and on which model."""
    filters = SpendFilters(request.GET, actor=request.user)
    asked = filters.asked
    by = {
        name: selectors.spend(actor=request.user, group_by=[name], asked=asked)
        for name in ("resource_type", "team", "model", "route")
    }
    by_day = selectors.spend(actor=request.user, group_by=["day", "resource_type"], asked=asked)
    mine = teams_where(request.user, Permission.MANAGE)
    context = {
        "filters": filters,
        "total": selectors.total_usd(by["resource_type"]),
        "kinds": by["resource_type"],
        "tables": [
            (title, by[name][:SHOWN]) for title, name in (("Team", "team"), ("Model", "model"), ("Route", "route"))
        ],
        "chart": _chart(by_day, asked["since"], asked["until"]),
        "budgets": selectors.budget_states(selectors.visible_budgets(actor=request.user)),
        "managed": set(mine.values_list("pk", flat=True)),
    }
    return render(request, "costs/costs.html", context)


@needs(Permission.MANAGE, post=Permission.MANAGE)
def create_budget(request: HtmxHttpRequest) -> HttpResponse:
    """Give a team a budget; leads back to the page of costs."""
    require_somewhere(request.user, Permission.MANAGE)
    form = BudgetForm(request.POST or None, actor=request.user)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            made = services.create_budget(actor=request.user, team=given.pop("owner_team"), **given)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{made.owner_team.name} has the budget {made.name} now.")
            return redirect("costs:costs")
    return _budget_page(request, form)


@needs(Permission.MANAGE, post=Permission.MANAGE)
def change_budget(request: HtmxHttpRequest, budget_id: UUID) -> HttpResponse:
    """Change a budget; leads back to the page of costs."""
    budget = _managed_budget(request, budget_id)
    form = BudgetForm(request.POST or None, actor=request.user, budget=budget)
    if form.is_valid():
        try:
            changed = services.change_budget(actor=request.user, budget=budget, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return _leave(request, changed, f"The budget {changed.budget.name} is changed.")
    return _budget_page(request, form, budget=budget)


@needs(post=Permission.MANAGE)
def delete_budget(request: HtmxHttpRequest, budget_id: UUID) -> HttpResponse:
    """Remove a budget; leads to the page of costs, or back to the budget's where a policy refuses."""
    budget = _managed_budget(request, budget_id)
    try:
        changed = services.delete_budget(actor=request.user, budget=budget)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("costs:budget", budget.pk)
    return _leave(request, changed, f"The budget {budget.name} is gone. What was spent stays in the ledger.")


def _leave(request: HtmxHttpRequest, changed: services.Changed, done: str) -> HttpResponse:
    """Lead to the request that a change waits for; where it waits for none, say that it is done."""
    if changed.request is not None:
        messages.info(request, "Policies want approvals for this, so it was asked for. Nothing changes before.")
        return redirect("governance:request", changed.request.pk)
    messages.success(request, done)
    return redirect("costs:costs")


def _managed_budget(request: HtmxHttpRequest, budget_id: UUID) -> Budget:
    budget = get_object_or_404(selectors.visible_budgets(actor=request.user), pk=budget_id)
    require(request.user, Permission.MANAGE, budget)
    return budget


def _budget_page(request: HtmxHttpRequest, form: BudgetForm, **more: Any) -> HttpResponse:
    budget = more.get("budget")
    waiting = selectors.budget_states([budget])[0].request_id if budget else None
    context = {"form": form, "waiting": waiting, **more}
    return render(request, "costs/budget_form.html", context, status=422 if form.errors else 200)


def _chart(rows: Iterable[Spend], since: date, until: date) -> Chart | None:
    spent: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        spent[row.key["resource_type"]][row.key["day"]] = float(row.usd)
    if not spent:
        return None
    days = [since + timedelta(days=ahead) for ahead in range((until - since).days + 1)]
    return Chart(
        title="US dollars per day",
        labels=[f"{day:%d %b}" for day in days],
        series=[
            Series(name=str(kind.label), values=[spent[kind].get(day.isoformat(), 0.0) for day in days])
            for kind in Kind
            if kind in spent
        ],
        x="Day (UTC)",
        y="US dollars",
        kind="bar",
        stacked=True,
    )
