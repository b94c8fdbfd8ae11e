"""Forms of the pages of costs. They read; the services decide."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import teams_where, visible_teams
from apps.costs.models import Budget, Kind

ANY = ("", "Any")
PERIODS = {"month": "This month", "last_month": "Last month", "days_7": "Last 7 days", "days_90": "Last 90 days"}


class SpendFilters(forms.Form):
    period = forms.ChoiceField(choices=[("", PERIODS["month"]), *list(PERIODS.items())[1:]], required=False)
    owner_team = forms.ChoiceField(label="Team", required=False)
    resource_type = forms.ChoiceField(label="Spent on", choices=[ANY, *Kind.choices], required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField

    @property
    def asked(self) -> dict[str, Any]:
        """What was chosen, as `selectors.spend` takes it; days are UTC."""
        chosen = self.cleaned_data if self.is_valid() else {}
        named = {name: chosen[name] for name in ("owner_team", "resource_type") if chosen.get(name)}
        today = timezone.now().date()
        month = today.replace(day=1)
        match chosen.get("period"):
            case "last_month":
                until = month - timedelta(days=1)
                return named | {"since": until.replace(day=1), "until": until}
            case "days_7":
                return named | {"since": today - timedelta(days=6), "until": today}
            case "days_90":
                return named | {"since": today - timedelta(days=89), "until": today}
        return named | {"since": month, "until": today}

    @property
    def period_words(self) -> str:
        chosen = self.cleaned_data.get("period") if self.is_valid() else ""
        return PERIODS[chosen or "month"].lower()


class BudgetForm(forms.Form):
    """A budget; `owner_team` is asked for a new one only, since a budget stays with its team."""

    owner_team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label=None)
    name = forms.CharField(max_length=100, help_text="What it is for.")
    month_usd = forms.DecimalField(
        label="US dollars a month",
        max_digits=14,
        decimal_places=2,
        min_value=Decimal(0),
        help_text="Of everything that the team spends in a calendar month (UTC).",
    )
    enforced = forms.BooleanField(
        label="Refuse calls once it is spent", required=False, initial=True, help_text="Else it is only shown."
    )
    warn_at_percent = forms.CharField(
        label="Note in the audit trail at", required=False, initial="80", help_text="Per cent, such as 50, 80."
    )
    reason = forms.CharField(
        label="Why",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Approvers read it.",
    )

    def __init__(self, *args: Any, actor: User, budget: Budget | None = None, **kwargs: Any) -> None:
        if budget is not None:
            kwargs["initial"] = {
                "name": budget.name,
                "month_usd": budget.month_usd,
                "enforced": budget.enforced,
                "warn_at_percent": ", ".join(map(str, budget.warn_at_percent)),
            }
        super().__init__(*args, **kwargs)
        if budget is not None:
            del self.fields["owner_team"]
        else:
            del self.fields["reason"]
            self.fields["owner_team"].queryset = teams_where(actor, Permission.MANAGE)  # type: ignore[attr-defined]

    def clean_warn_at_percent(self) -> list[int]:
        given = self.cleaned_data["warn_at_percent"].replace("%", " ").replace(",", " ").split()
        try:
            return [int(part) for part in given]
        except ValueError:
            raise forms.ValidationError("Write whole numbers with commas between them, such as 50, 80.") from None
