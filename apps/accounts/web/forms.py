"""Forms of the pages of accounts. They read; the services decide."""

from typing import Any

from django import forms

from apps.accounts.grant_form import EndForm, person_named
from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import KNOWN_SCOPES, Role
from apps.accounts.services.keys import OVERLAP_HOURS, OVERLAP_HOURS_MOST

WHOLE_TEAM = ("", "The whole team")


class KeyForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What the key is for.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {meaning}") for scope, meaning in KNOWN_SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=["inference"],
    )
    networks = forms.CharField(
        label="Usable from",
        required=False,
        help_text="IP addresses and networks, such as 203.0.113.0/24. Empty: from anywhere.",
    )
    expires_at = forms.DateTimeField(
        label="Expires",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="UTC; empty: it does not expire.",
    )

    def clean_networks(self) -> list[str]:
        return str(self.cleaned_data["networks"]).replace(",", " ").split()


class OwnedKeyForm(KeyForm):
    """A key of a service account of a team."""

    owner = forms.ModelChoiceField(User.objects.none(), label="For", to_field_name="username", empty_label=None)
    field_order = ("owner",)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = team.service_accounts.filter(is_active=True)  # type: ignore[attr-defined]


class RotateForm(forms.Form):
    overlap_hours = forms.IntegerField(
        label="Hours that the old key lives on",
        initial=OVERLAP_HOURS,
        min_value=0,
        max_value=OVERLAP_HOURS_MOST,
        help_text=f"At most {OVERLAP_HOURS_MOST}.",
    )


class RoleForm(EndForm):
    """A role on the team, or on one of its projects."""

    user = forms.CharField(label="User name", max_length=150)
    role = forms.ChoiceField(choices=Role.choices)
    project = forms.ModelChoiceField(Project.objects.none(), required=False, empty_label=WHOLE_TEAM[1], label="On")
    field_order = ("user", "role", "project", "expires_at")

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = team.projects.all()  # type: ignore[attr-defined]

    def clean_user(self) -> User:
        return person_named(self.cleaned_data["user"])

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=200)
    slug = forms.SlugField(max_length=50, help_text="In addresses; it stays for good.")


class ServiceAccountForm(forms.Form):
    name = forms.CharField(max_length=60, help_text="Lower-case letters, digits and hyphens, such as nightly-tests.")
    purpose = forms.CharField(max_length=150, required=False, help_text="How it is named on pages.")
