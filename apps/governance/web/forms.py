"""Forms of the governance pages."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.credentials import confirm, is_confirmed
from apps.accounts.models import Team
from apps.governance.states import EmergencyVerdict, PolicyStatus, RequestStatus, WaiverStatus

ANY = ("", "Any")


class RequestFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *RequestStatus.choices], required=False)
    q = forms.CharField(label="Search approvals", required=False)


class DecisionFilter(forms.Form):
    allowed = forms.ChoiceField(label="Answer", choices=[ANY, ("true", "Allowed"), ("false", "Denied")], required=False)
    q = forms.CharField(label="Search decisions", required=False)


class PolicyFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *PolicyStatus.choices], required=False)


class PasswordForm(forms.Form):
    """Asks for the password again where the person has been signed in for a while; otherwise it has no such field."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        if not is_confirmed(request):
            self.fields["password"] = forms.CharField(
                label="Your password again",
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
                help_text="Deciding for others asks for it once in a while.",
            )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not confirm(self._request, password):
            raise forms.ValidationError("This is not your password. Nothing was decided.")
        return password


class VerdictForm(PasswordForm):
    """What an approver says. The digest is that of the page they looked at."""

    seen_digest = forms.CharField(widget=forms.HiddenInput)
    comment = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text="The requester reads it."
    )


class WithdrawForm(forms.Form):
    comment = forms.CharField(required=False, max_length=2000)


class DelegationForm(forms.Form):
    delegate = forms.CharField(label="Who stands in", help_text="User name.", max_length=150)
    team = forms.ModelChoiceField(Team.objects.none(), to_field_name="slug", help_text="On whose requests.")
    starts_at = forms.DateTimeField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    ends_at = forms.DateTimeField(
        label="Until",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="UTC; at most 90 days later.",
    )
    reason = forms.CharField(max_length=500)

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]  # of a ModelChoiceField


class EmergencyReviewForm(PasswordForm):
    verdict = forms.ChoiceField(label="Was it justified?", choices=EmergencyVerdict.choices, widget=forms.RadioSelect)
    comment = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class EmergencyForm(PasswordForm):
    reason = forms.CharField(
        min_length=20,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What happens if it is not done now. All approvers are told at once, and somebody reviews it.",
    )


class PolicyForm(forms.Form):
    owner_team = forms.ModelChoiceField(Team.objects.none(), label="Team", to_field_name="slug", empty_label=None)
    source = forms.CharField(
        label="Policy document",
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "mono", "data-numbered": ""}),
        strip=False,
        help_text="YAML with CEL expressions. Its own tests run when it is saved, and must pass.",
    )

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner_team"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101
        owner.queryset = teams


class TryForm(forms.Form):
    """Facts to try the rules of a document on."""

    FACTS_MAX = 100_000

    facts = forms.CharField(
        label="Facts as JSON",
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "mono"}),
        help_text="Those of the newest decision in scope that you may see, or made up of the examples.",
    )


class ReplayForm(forms.Form):
    last = forms.IntegerField(label="Decisions", min_value=1, max_value=1000, initial=1000)


class WaiverFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *WaiverStatus.choices], required=False)
    q = forms.CharField(label="Search waivers", required=False)


class WaiverForm(forms.Form):
    """Which rule is not to bind what, until when, and why."""

    owner_team = forms.ModelChoiceField(Team.objects.none(), label="Team", to_field_name="slug", empty_label=None)
    policy = forms.SlugField(help_text="The id of a policy in force, such as model-release.")
    rule = forms.CharField(max_length=60, help_text="The id of one of its rules, such as reviewed_by_people.")
    subject_kind = forms.ChoiceField(label="Kind of object", choices=[])
    subject_id = forms.UUIDField(
        label="Object", required=False, help_text="Its id. Leave it empty to waive the rule for the team's whole kind."
    )
    expires_at = forms.DateTimeField(
        label="Until",
        initial=lambda: timezone.now() + timedelta(days=14),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="At most 90 days from now, UTC.",
    )
    reason = forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs={"rows": 4}), help_text="Whoever decides on it reads it."
    )

    def __init__(self, *args: Any, teams: QuerySet[Team], kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner, kind = self.fields["owner_team"], self.fields["subject_kind"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101
        owner.queryset, kind.choices = teams, kinds


class RevokeForm(forms.Form):
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
