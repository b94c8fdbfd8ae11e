"""Forms of the serving pages. They read; the services decide."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.accounts.owners import OwnerForm
from apps.accounts.selectors import visible_teams
from apps.catalog.models import ModelVersion
from apps.prompts.models import PromptVersion
from apps.serving.selectors import deployable_models, usable_prompts
from apps.serving.states import EndpointStatus, Environment

ANY = ("", "Any")
OFFERED = 200  # newest models and prompts in a list to choose from; others can be deployed through the API


class EndpointFilter(forms.Form):
    q = forms.CharField(label="Search endpoints", required=False, max_length=60)
    environment = forms.ChoiceField(choices=[ANY, *Environment.choices], required=False)
    status = forms.ChoiceField(choices=[ANY, *EndpointStatus.choices], required=False)
    owner_team = forms.ChoiceField(label="Team", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField

    @property
    def asked(self) -> dict[str, Any]:
        """What was chosen, without what was left open."""
        chosen = self.cleaned_data if self.is_valid() else {}
        return {name: value for name, value in chosen.items() if value}


class ModelChoice(forms.ModelChoiceField):
    """One of the models that somebody may deploy."""

    def label_from_instance(self, model: ModelVersion) -> str:
        return f"{model} ({model.get_status_display().lower()}, {model.owner_team.name})"


class PromptChoice(forms.ModelChoiceField):
    """One of the prompt versions that somebody may use."""

    def label_from_instance(self, prompt: PromptVersion) -> str:
        variables = ", ".join(prompt.variables) or "no variables"
        labels = "".join(f", {label.name}" for label in prompt.labels.all())
        return f"{prompt}{labels} ({variables})"


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the newest rows as a queryset that a choice field can narrow further."""
    keys = list(rows.order_by("-pk").values_list("pk", flat=True)[:OFFERED])
    return rows.filter(pk__in=keys).order_by("-pk")


class DeployForm(OwnerForm):
    """What a deployment needs; everything else takes its default."""

    model = ModelChoice(ModelVersion.objects.none(), empty_label="Choose a model")
    route_name = forms.CharField(
        label="Route", max_length=60, help_text="What callers name as model: lower-case letters, digits and hyphens."
    )
    environment = forms.ChoiceField(choices=Environment.choices, help_text="Production takes approved models only.")
    prompt = PromptChoice(
        PromptVersion.objects.none(), required=False, empty_label="None", help_text="Every call is put into it."
    )
    max_input_tokens = forms.IntegerField(
        label="Tokens in, at most", required=False, min_value=1, help_text="Left out: the rest of the context."
    )
    max_output_tokens = forms.IntegerField(
        label="Tokens out, at most", required=False, min_value=1, help_text="Left out: a quarter of the context."
    )
    max_concurrent_requests = forms.IntegerField(
        label="Requests at once, at most", min_value=1, initial=8, help_text="Others wait for their turn."
    )
    cpu = forms.FloatField(label="CPU cores", min_value=0.1, initial=1, help_text="Such as 2 or 0.5.")
    memory = forms.CharField(initial="2Gi", help_text="Such as 512Mi or 8Gi.")
    reason = forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), help_text="It stays in the audit trail."
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.fields["owner_team"].help_text = "Owns the endpoint and pays for it."
        self.fields["model"].queryset = _newest(deployable_models(actor=actor))  # type: ignore[attr-defined]
        self.fields["prompt"].queryset = _newest(usable_prompts(actor=actor))  # type: ignore[attr-defined]

    @property
    def deployment(self) -> dict[str, Any]:
        """The arguments of `services.deploy`, of a valid form."""
        given = self.cleaned_data
        limits = ("max_concurrent_requests", "max_input_tokens", "max_output_tokens")
        return {
            **self.owner,
            "route_name": given["route_name"],
            "environment": given["environment"],
            "prompt_version": given["prompt"],
            "reason": given["reason"],
            "spec": {
                "model_ref": str(given["model"].pk),
                "runtime": {name: given[name] for name in limits},
                "resources": {"cpu": given["cpu"], "memory": given["memory"]},
            },
        }


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), help_text="It stays in the audit trail."
    )


class RedeployForm(ReasonForm):
    model = ModelChoice(ModelVersion.objects.none(), required=False, empty_label="The same as now")
    field_order = ("model", "reason")

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].queryset = _newest(deployable_models(actor=actor))  # type: ignore[attr-defined]


class PromptForm(ReasonForm):
    prompt = PromptChoice(PromptVersion.objects.none(), required=False, empty_label="None")
    field_order = ("prompt", "reason")

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["prompt"].queryset = _newest(usable_prompts(actor=actor))  # type: ignore[attr-defined]


class PromoteForm(ReasonForm):
    route_name = forms.CharField(
        label="Route there", max_length=60, help_text="Of an endpoint that your team has there, or of a new one."
    )
    environment = forms.ChoiceField(choices=Environment.choices)
    field_order = ("environment", "route_name", "reason")


class RollbackForm(ReasonForm):
    number = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
