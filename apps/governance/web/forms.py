"""Forms of the governance pages."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.credentials import confirm, is_confirmed
from apps.accounts.models import Team
from apps.governance.states import EmergencyVerdict, PolicyStatus, RequestStatus

ANY = ("", "Any")


class RequestFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *RequestStatus.choices], required=False)
    q = forms.CharField(label="Search approvals", required=False)


class DecisionFilter(forms.Form):
    allowed = forms.ChoiceField(label="Answer", choices=[ANY, ("true", "Allowed"), ("false", "Denied")], required=False)
    q = forms.CharField(label="Search decisions", required=False)


class PolicyFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *PolicyStatus.choices], required=False)


class AuditFilter(forms.Form):
    action = forms.CharField(required=False, help_text='Its beginning, such as "modelversion."')
    actor = forms.CharField(label="Who", required=False)
    q = forms.CharField(label="Search the audit trail", required=False)


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
    source = forms.CharField(
        label="Policy document",
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "mono"}),
        strip=False,
        help_text="YAML with CEL expressions. Its own tests run when it is saved, and must pass.",
    )
