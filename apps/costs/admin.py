"""Costs in the admin: prices are set there, the ledger is only looked at."""

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.core.admin import ReadOnlyAdmin
from apps.costs import services
from apps.costs.models import Budget, BudgetChange, BudgetNotice, DailySpend, LedgerEntry, Price


@admin.register(Price)
class PriceAdmin(ModelAdmin):
    """Prices are added, never changed: the past keeps the price it had."""

    list_display = ("unit", "applies_to", "usd", "in_force_from")
    list_filter = ("unit",)
    search_fields = ("applies_to",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: Price, form: ModelForm, change: bool) -> None:  # noqa: ARG002
        saved = services.set_price(
            actor=request.user,
            unit=obj.unit,
            usd=obj.usd,
            applies_to=obj.applies_to,
            in_force_from=obj.in_force_from,
        )
        obj.pk = saved.pk


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner_team", "month_usd", "enforced")
    list_select_related = ("owner_team",)


@admin.register(BudgetChange)
class BudgetChangeAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "owner_team", "status", "created_by", "created_at")
    list_select_related = ("owner_team", "created_by")


@admin.register(BudgetNotice)
class BudgetNoticeAdmin(ReadOnlyAdmin):
    list_display = ("budget", "month", "percent", "at")
    list_select_related = ("budget",)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "owner_team", "route", "usd")
    list_filter = ("kind",)
    list_select_related = ("owner_team",)
    show_full_result_count = False


@admin.register(DailySpend)
class DailySpendAdmin(ReadOnlyAdmin):
    list_display = ("day", "kind", "owner_team", "route", "entries", "usd")
    list_filter = ("kind",)
    list_select_related = ("owner_team",)
