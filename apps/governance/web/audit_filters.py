"""What the audit trail can be narrowed by on its page. Everything that narrows it narrows an export as well."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import teams_where
from apps.governance.subjects import all_subjects

ANY = ("", "Any")
UNGOVERNED = (  # kinds of which events are recorded, although nothing approves them
    ("team", "Team"),
    ("membership", "Role of a person"),
    ("apikey", "API key"),
    ("user", "Person"),
    ("auditalarm", "Alarm of the audit log"),
)
NAMES = {"object": "subject_id", "kind": "subject_kind"}  # shorter in the address of the page than in the API


def day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class AuditFilter(forms.Form):
    q = forms.CharField(label="Search by what it is about", required=False, max_length=300)
    who = forms.CharField(required=False, max_length=300)
    action = forms.CharField(required=False, max_length=100, help_text='Its beginning, such as "modelversion."')
    kind = forms.ChoiceField(required=False)
    team = forms.ChoiceField(required=False)
    since = day("From")
    until = day("To")
    object = forms.UUIDField(label="Id of the object", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(subject.model._meta.model_name, subject.model._meta.verbose_name) for subject in all_subjects()]
        named = sorted((str(name), str(label).capitalize()) for name, label in kinds)
        teams = teams_where(actor, Permission.AUDIT).values_list("slug", "name")
        self.fields["kind"].choices = [ANY, *named, *UNGOVERNED]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # as above

    @property
    def asked(self) -> dict[str, Any]:
        """What was chosen, as the selector takes it: days as moments in UTC, the last one to its end."""
        chosen = self.cleaned_data if self.is_valid() else {}
        asked = {NAMES.get(name, name): value for name, value in chosen.items() if value}
        if "since" in asked:
            asked["since"] = _midnight(asked["since"])
        if "until" in asked:
            asked["until"] = _midnight(asked["until"] + timedelta(days=1))
        return asked

    @property
    def as_query(self) -> str:
        """The same for the API's export."""
        told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in self.asked.items()}
        return urlencode(told)


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time.min, UTC)
