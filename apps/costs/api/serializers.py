"""Shapes of the costs API."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.costs.models import Budget, Kind
from apps.costs.selectors import DIMENSIONS, BudgetState, Spend, total_usd


class SpendFilter(StrictSerializer):
    resource_type = serializers.ChoiceField(choices=Kind.choices, required=False)
    owner_team = serializers.SlugField(required=False, help_text="Slug of the team.")
    model_id = serializers.UUIDField(required=False, help_text="Model version that answered, was made or was measured.")
    route = serializers.CharField(required=False, help_text="Route name; only inference has one.")
    since = serializers.DateField(required=False, help_text="First day, in UTC.")
    until = serializers.DateField(required=False, help_text="Last day, in UTC.")


class AggregateFilter(SpendFilter):
    group_by = serializers.ChoiceField(
        choices=sorted(DIMENSIONS), default="resource_type", help_text="What the sums are of."
    )


class BudgetFilter(StrictSerializer):
    owner_team = serializers.SlugField(required=False, help_text="Slug of the team.")


class SpendOut(serializers.Serializer[Any]):
    """What was spent on one group."""

    key = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text="Dimension to value.")
    label = serializers.CharField(help_text="The same for a person.")
    entries = serializers.IntegerField(help_text="Requests, jobs and runs.")
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cpu_hours = serializers.FloatField()
    gpu_hours = serializers.FloatField()
    usd = serializers.DecimalField(max_digits=None, decimal_places=9)


class AggregateOut(serializers.Serializer[Any]):
    currency = serializers.CharField(help_text="Of every amount here.")
    since = serializers.DateField(allow_null=True)
    until = serializers.DateField(allow_null=True)
    group_by = serializers.CharField()
    total_usd = serializers.DecimalField(max_digits=None, decimal_places=9)
    groups = SpendOut(many=True)


class ProfileOut(SpendOut):
    """What one resource costs: a model behind a route, a model's training, a model's evaluations."""

    usd_per_entry = serializers.DecimalField(
        max_digits=None, decimal_places=9, help_text="Mean per request, job or run."
    )
    usd_per_1000_tokens = serializers.DecimalField(
        max_digits=None, decimal_places=9, allow_null=True, help_text="Null where no tokens are counted."
    )
    share = serializers.FloatField(help_text="Of the spend of all profiles, from 0 to 1.")


class ProfilesOut(serializers.Serializer[Any]):
    """All of them at once: there are as many as resources, and their shares add up."""

    items = ProfileOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null.")
    total = serializers.IntegerField()


class ThresholdOut(serializers.Serializer[Any]):
    percent = serializers.IntegerField()
    action = serializers.ChoiceField(
        choices=["note", "refuse"], help_text="Note it in the audit trail, or refuse further calls too."
    )
    reached = serializers.BooleanField(help_text="In this month.")


class BudgetOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    owner_team = serializers.CharField(help_text="Slug of the team.")
    currency = serializers.CharField()
    month_usd = serializers.DecimalField(max_digits=14, decimal_places=2)
    enforced = serializers.BooleanField()
    warn_at_percent = serializers.ListField(child=serializers.IntegerField())
    thresholds = ThresholdOut(many=True)
    spent_usd = serializers.DecimalField(
        max_digits=None, decimal_places=9, help_text="In this month, of the whole team."
    )
    left_usd = serializers.DecimalField(max_digits=None, decimal_places=9)
    request_id = serializers.UUIDField(
        allow_null=True, help_text="Of the approval request that a change of it waits for; null when none does."
    )
    created_at = serializers.DateTimeField()


class BudgetFields(StrictSerializer):
    name = serializers.CharField(max_length=100, required=False)
    month_usd = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), required=False, help_text="US dollars per month (UTC)."
    )
    enforced = serializers.BooleanField(required=False, help_text="Refuse calls once it is spent; else only show it.")
    warn_at_percent = serializers.ListField(
        child=serializers.IntegerField(), max_length=10, required=False, help_text="Shares to note, from 1 to 99."
    )


class BudgetChange(BudgetFields):
    reason = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="Why; approvers read it."
    )


class BudgetRemoval(StrictSerializer):
    reason = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="Why; approvers read it."
    )


class BudgetIn(BudgetFields):
    owner_team = serializers.SlugField(help_text="Slug of the team that it is for.")
    name = serializers.CharField(max_length=100)
    month_usd = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), help_text="US dollars per month (UTC)."
    )


def aggregate(rows: list[Spend], *, group_by: str, since: date | None, until: date | None) -> dict[str, Any]:
    """Return sums as `AggregateOut` describes them."""
    described = {"currency": "USD", "since": since, "until": until, "group_by": group_by}
    return dict(AggregateOut(described | {"total_usd": total_usd(rows), "groups": rows}).data)


def profiles(rows: Iterable[Spend]) -> list[dict[str, Any]]:
    """Return sums as `ProfileOut` describes them."""
    listed = list(rows)
    total = total_usd(listed)
    return [dict(ProfileOut(_profile(row, total)).data) for row in listed]


def budget_out(state: BudgetState) -> dict[str, Any]:
    """Return a budget as `BudgetOut` describes it."""
    budget = state.budget
    values = {name: getattr(budget, name) for name in ("id", "name", "enforced", "warn_at_percent", "created_at")}
    values |= {"owner_team": budget.owner_team.slug, "currency": "USD", "month_usd": budget.month_usd}
    values |= {"spent_usd": state.spent_usd, "left_usd": state.left_usd, "request_id": state.request_id}
    values["thresholds"] = [
        {"percent": percent, "action": _action(budget, percent), "reached": state.spent_percent >= percent}
        for percent in budget.percents
    ]
    return dict(BudgetOut(values).data)


def _action(budget: Budget, percent: int) -> str:
    return "refuse" if budget.enforced and percent == 100 else "note"


def _profile(row: Spend, total: Decimal) -> dict[str, Any]:
    tokens = row.prompt_tokens + row.completion_tokens
    return asdict(row) | {
        "usd_per_entry": row.usd / row.entries,
        "usd_per_1000_tokens": 1000 * row.usd / tokens if tokens else None,
        "share": float(row.usd / total) if total else 0.0,
    }
