"""Forms of the governance pages."""

from django import forms

from apps.governance.states import PolicyStatus, RequestStatus

ANY = ("", "Any")


class RequestFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *RequestStatus.choices], required=False)
    q = forms.CharField(label="Search approvals", required=False)


class DecisionFilter(forms.Form):
    allowed = forms.ChoiceField(label="Answer", choices=[ANY, ("true", "Allowed"), ("false", "Denied")], required=False)
    q = forms.CharField(label="Search decisions", required=False)


class PolicyFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *PolicyStatus.choices], required=False)


class VerdictForm(forms.Form):
    """What an approver says. The digest is that of the page they looked at."""

    seen_digest = forms.CharField(widget=forms.HiddenInput)
    comment = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text="The requester reads it."
    )


class PolicyForm(forms.Form):
    source = forms.CharField(
        label="Policy document",
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "mono"}),
        strip=False,
        help_text="YAML with CEL expressions. Its own tests run when it is saved, and must pass.",
    )
