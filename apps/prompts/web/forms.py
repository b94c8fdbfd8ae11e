"""Forms of the prompt pages. They read; the services decide."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.owners import OwnerForm
from apps.accounts.selectors import visible_teams
from apps.prompts.models import LABEL_NAME, MAX_TEXT_CHARS

ANY = ("", "Any")


class TemplateFilter(forms.Form):
    q = forms.CharField(label="Search prompts", required=False, max_length=200)
    owner_team = forms.ChoiceField(label="Team", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField


def _text(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "mono", "spellcheck": "false"})


class VersionForm(forms.Form):
    """What a version says."""

    system = forms.CharField(
        label="System message",
        required=False,
        strip=False,
        max_length=MAX_TEXT_CHARS,
        widget=_text(5),
        help_text="How the model is to behave. May hold variables.",
    )
    user = forms.CharField(
        label="User message",
        strip=False,
        max_length=MAX_TEXT_CHARS,
        widget=_text(10),
        help_text="What is asked each time. Write variables as {{ name }}.",
    )
    notes = forms.CharField(
        label="What changed, and why", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class TemplateForm(OwnerForm, VersionForm):
    """A template and its first version."""

    name = forms.SlugField(max_length=100, help_text="Letters, digits, - and _.")
    description = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ("owner_team", "project", "name", "description", "system", "user", "notes")


class TryForm(forms.Form):
    """The texts that an editor holds at the moment, to be rendered and not kept."""

    system = forms.CharField(required=False, strip=False, max_length=MAX_TEXT_CHARS)
    user = forms.CharField(required=False, strip=False, max_length=MAX_TEXT_CHARS)


class RollbackForm(forms.Form):
    version = forms.IntegerField(min_value=1)


class LabelForm(forms.Form):
    """Where a label is to point; the version is the one that is shown."""

    name = forms.SlugField(
        label="Label",
        max_length=60,
        validators=[LABEL_NAME],
        help_text="Such as production. Lower-case letters, digits, - and _.",
        widget=forms.TextInput(attrs={"list": "labels", "autocomplete": "off"}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason = forms.CharField(label="Why", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class LabelRemovalForm(forms.Form):
    name = forms.SlugField(max_length=60)
