"""Forms of the catalog's pages. They read; the services decide."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.owners import OwnerForm
from apps.accounts.selectors import visible_teams
from apps.catalog.models import ModelVersion
from apps.catalog.selectors import visible_models
from apps.catalog.states import ModelStatus
from apps.core.web.fields import BoundedJSONField

ANY = ("", "Any")


class ModelFilter(forms.Form):
    q = forms.CharField(label="Search models", required=False, max_length=200)
    type = forms.ChoiceField(choices=[ANY, *ModelVersion.Type.choices], required=False)
    status = forms.ChoiceField(choices=[ANY, *ModelStatus.choices], required=False)
    owner_team = forms.ChoiceField(label="Team", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField


class ModelForm(OwnerForm):
    """What can be said of a version when it is registered."""

    name = forms.CharField(max_length=120, help_text="All versions of a model share it.")
    version = forms.CharField(max_length=40, required=False, help_text="Left out: the next number.")
    type = forms.ChoiceField(choices=ModelVersion.Type.choices)
    model_family = forms.CharField(max_length=40, help_text="Lower case, such as llama, mistral or gemma.")
    base_model = forms.ModelChoiceField(
        ModelVersion.objects.none(), required=False, help_text="What it was tuned from, for a fine-tuned model."
    )
    license = forms.CharField(
        label="Licence", max_length=80, required=False, help_text="SPDX identifier, such as Apache-2.0."
    )
    description = forms.CharField(max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    tags = forms.CharField(required=False, help_text="Separated by commas.")
    metadata = BoundedJSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text='JSON. An external model says {"provider": "openai", "model": "..."} here. Never secrets.',
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.fields["base_model"].queryset = visible_models(actor=actor)  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        return [tag for part in self.cleaned_data["tags"].split(",") if (tag := part.strip())]

    def clean_metadata(self) -> dict[str, Any]:
        given = self.cleaned_data["metadata"] or {}
        if not isinstance(given, dict):
            raise forms.ValidationError("Write a JSON object: { ... }.")
        return given


class ModelEditForm(ModelForm):
    """What can be changed of a version. What its state has frozen is refused by the service."""

    card = forms.CharField(
        label="Model card",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "class": "mono"}),
        help_text="Markdown: intended use, data, evaluation, limits.",
    )

    def __init__(self, *args: Any, actor: User, model: ModelVersion, **kwargs: Any) -> None:
        values = {
            "model_family": model.model_family,
            "base_model": model.base_model_id,
            "license": model.license,
            "description": model.description,
            "tags": ", ".join(model.tags),
            "metadata": model.metadata,
            "card": model.card,
        }
        super().__init__(*args, actor=actor, initial=values, **kwargs)
        for fixed in ("owner_team", "project", "name", "version", "type"):
            self.fields.pop(fixed, None)


class ReasonForm(forms.Form):
    status = forms.ChoiceField(choices=ModelStatus.choices)
    reason = forms.CharField(max_length=2000)


class UploadForm(forms.Form):
    folder = forms.CharField(required=False, max_length=100, help_text="Inside the model, such as adapter.")
