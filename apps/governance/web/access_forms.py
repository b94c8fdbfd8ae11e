"""The form of asking for access, made of what the kind wants to know."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.permissions import GRANTABLE, KNOWN_SCOPES, Role
from apps.core.errors import DomainError
from apps.core.web.tones import words
from apps.governance.access import AccessKind
from apps.governance.access_kinds import accounts_of
from apps.governance.states import AccessStatus

ANY = ("", "Any")


class AccessFilter(forms.Form):
    q = forms.CharField(label="Search access requests", required=False)
    status = forms.ChoiceField(choices=[ANY, *AccessStatus.choices], required=False)
    whose = forms.ChoiceField(label="Asked by", choices=[("", "Anybody"), ("mine", "Me")], required=False)


class AskForm(forms.Form):
    """What a kind wants to know, then until when and why. The kind itself judges it."""

    expires_at = forms.DateTimeField(
        label="Until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="UTC. Empty: for good. It ends by itself.",
    )
    reason = forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text="The approvers read it."
    )

    def __init__(self, *args: Any, kind: AccessKind, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for name, hint in kind.fields.items():
            self.fields[name] = _field(name, hint, actor)
        if not kind.may_end:
            del self.fields["expires_at"]
        self.order_fields([*kind.fields, "expires_at", "reason"])

    def wish(self) -> dict[str, Any]:
        """Return what was filled in, as `ask_access` takes it."""
        given = dict(self.cleaned_data)
        said = {"reason": given.pop("reason"), "expires_at": given.pop("expires_at", None)}
        if "networks" in given:
            given["networks"] = given["networks"].replace(",", " ").split()
        return {"given": given, **said}

    def take(self, error: DomainError) -> DomainError | None:
        """Put a refusal beside the fields that it blames; return it when it blames none of them."""
        blamed = {name: reasons for name, reasons in error.fields.items() if name in self.fields}
        for name, reasons in blamed.items():
            self.add_error(name, reasons)
        return None if blamed else error


def _field(name: str, hint: str, actor: User) -> forms.Field:
    match name:
        case "role":
            return forms.ChoiceField(choices=Role.choices, help_text=hint)
        case "permission":
            return forms.ChoiceField(choices=[(each.value, each.label) for each in GRANTABLE], label="To")
        case "scopes":
            choices = [(scope, f"{scope}: {meaning}") for scope, meaning in KNOWN_SCOPES.items()]
            return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple)
        case "service_account":
            known = [(account.username, account.label) for account in accounts_of(actor)]
            return forms.ChoiceField(choices=known, help_text="Of your teams.")
        case "networks":
            help_text = "IP networks, such as 203.0.113.0/24. Empty: from anywhere."
            return forms.CharField(label="Usable from", required=False, help_text=help_text)
    labels = {"subject_kind": "Kind of object", "subject_id": "Id of the object"}
    return forms.CharField(
        label=labels.get(name, words(name)), help_text=hint, max_length=200, required=name != "project"
    )
