"""The form of an exception on one object, which stands on the pages of other apps too."""

from django import forms

from apps.accounts.models import ObjectGrant, User
from apps.accounts.permissions import Permission


class EndForm(forms.Form):
    """Something that may end by itself."""

    expires_at = forms.DateTimeField(
        label="Until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="UTC. Empty: for good.",
    )


class GrantForm(EndForm):
    """An exception for one person on one object."""

    user = forms.CharField(label="User name", max_length=150)
    effect = forms.ChoiceField(label="May", choices=[("allow", "may"), ("deny", "may not")])
    permission = forms.ChoiceField(label="Do what", choices=Permission.choices)
    reason = forms.CharField(max_length=2000, required=False, help_text="It stays in the audit trail.")
    field_order = ("user", "effect", "permission", "expires_at", "reason")

    def clean_user(self) -> User:
        return person_named(self.cleaned_data["user"])

    def clean_permission(self) -> Permission:
        return Permission(self.cleaned_data["permission"])

    def clean_effect(self) -> str:
        return ObjectGrant.Effect(self.cleaned_data["effect"])


def person_named(username: str) -> User:
    person = User.objects.filter(username=username.strip(), is_active=True).first()
    if person is None:
        raise forms.ValidationError("There is nobody of that user name who can sign in or hold a key.")
    return person
