"""Spend and budgets over HTTP. The paths stand under governance/ by contract."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_teams
from apps.core.api.pages import page_of
from apps.core.api.renderer import with_message
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.costs import selectors, services
from apps.costs.api import serializers as shapes
from apps.costs.models import Budget

ASKED = "Policies want approvals for this, so it was asked for. Nothing changes before they are given."


class CostAggregate(PortalAPIView):
    """GET /llm-ops/v1/governance/observability/cost-aggregate"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="Spend, summed by one dimension",
        parameters=[shapes.AggregateFilter],
        responses=shapes.AggregateOut,
    )
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.AggregateFilter, request)
        group_by = asked.pop("group_by")
        rows = selectors.spend(actor=request.user, group_by=[group_by], asked=asked)
        since, until = asked.get("since"), asked.get("until")
        return Response(shapes.aggregate(rows, group_by=group_by, since=since, until=until))


class CostProfiles(PortalAPIView):
    """GET /llm-ops/v1/governance/observability/cost-profiles"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="What each resource costs, per team, route and model",
        parameters=[shapes.SpendFilter],
        responses=shapes.ProfilesOut,
    )
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.SpendFilter, request)
        rows = selectors.spend(actor=request.user, group_by=("resource_type", "team", "route", "model"), asked=asked)
        return Response({"items": shapes.profiles(rows), "next": None, "total": len(rows)})


class Budgets(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/budgets"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.MANAGE}

    @extend_schema(
        summary="Budgets, with what is spent", parameters=[shapes.BudgetFilter], responses=shapes.BudgetOut(many=True)
    )
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.BudgetFilter, request)
        budgets = selectors.visible_budgets(actor=request.user)
        if slug := asked.get("owner_team"):
            budgets = budgets.filter(owner_team__slug=slug)
        page = page_of(request, budgets, lambda budget: budget)
        page["items"] = [shapes.budget_out(state) for state in selectors.budget_states(page["items"])]
        return Response(page)

    @extend_schema(summary="Give a team a budget", request=shapes.BudgetIn, responses=shapes.BudgetOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.BudgetIn, request)
        team = get_object_or_404(visible_teams(actor=request.user), slug=given.pop("owner_team"))
        return _answer(services.create_budget(actor=request.user, team=team, **given))


class BudgetDetail(PortalAPIView):
    """GET, PATCH, DELETE /llm-ops/v1/governance/budgets/{budgetId}"""

    permissions: ClassVar = {"get": Permission.READ, "patch": Permission.MANAGE, "delete": Permission.MANAGE}

    @extend_schema(summary="One budget", responses=shapes.BudgetOut)
    def get(self, request: Request, budget_id: UUID) -> Response:
        return _answer(_budget(request.user, budget_id))

    @extend_schema(summary="Change a budget", request=shapes.BudgetChange, responses=shapes.BudgetOut)
    def patch(self, request: Request, budget_id: UUID) -> Response:
        changes = self.given(shapes.BudgetChange, request)
        changed = services.change_budget(actor=request.user, budget=_budget(request.user, budget_id), **changes)
        return with_message(_answer(changed.budget), ASKED if changed.request else "")

    @extend_schema(
        summary="Remove a budget",
        parameters=[shapes.BudgetRemoval],
        responses=shapes.BudgetOut,
        description="Answers with no data once it is gone, and with the budget where its removal waits for approval.",
    )
    def delete(self, request: Request, budget_id: UUID) -> Response:
        asked = self.given_query(shapes.BudgetRemoval, request)
        changed = services.delete_budget(actor=request.user, budget=_budget(request.user, budget_id), **asked)
        if changed.request:
            return with_message(_answer(changed.budget), ASKED)
        return self.answer(None, "The budget is gone; what was spent stays in the ledger.")


def _budget(actor: User, budget_id: UUID) -> Budget:
    return get_object_or_404(selectors.visible_budgets(actor=actor), pk=budget_id)


def _answer(budget: Budget) -> Response:
    (state,) = selectors.budget_states([budget])
    return Response(shapes.budget_out(state))
