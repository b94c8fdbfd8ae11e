"""Forms of the pages of telemetry."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.selectors import visible_teams
from apps.telemetry.models import RequestEvent

ANY = ("", "Any")


class RequestFilters(forms.Form):
    route = forms.CharField(label="Search by route", required=False, max_length=60)
    outcome = forms.ChoiceField(choices=[ANY, *RequestEvent.Outcome.choices], required=False)
    surface = forms.ChoiceField(label="Called as", choices=[ANY, *RequestEvent.Surface.choices], required=False)
    owner_team = forms.ChoiceField(label="Team", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField
        self.fields["route"].widget = forms.TextInput(attrs={"type": "search", "placeholder": "Route"})

    @property
    def asked(self) -> dict[str, Any]:
        """What was chosen, without what was left open."""
        chosen = self.cleaned_data if self.is_valid() else {}
        return {name: value for name, value in chosen.items() if value}
