"""Forms of the evaluation pages. They read; the services decide."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_teams, visible_to
from apps.catalog.models import ModelVersion
from apps.datasets.models import DatasetVersion
from apps.datasets.states import DatasetStatus
from apps.evaluation.metrics import METRICS
from apps.evaluation.rules import ASKABLE, NEW_TOKENS_MAX
from apps.evaluation.sampling import SEED_MAX
from apps.evaluation.services.campaigns import DEFAULT_QUESTION
from apps.evaluation.services.runs import DEFAULT_NEW_TOKENS
from apps.evaluation.states import RunStatus

ANY = ("", "Any")
MEANING = {"exact_match": "Exact match of the whole answer", "token_f1": "F1 of the tokens that both have"}


class RunFilter(forms.Form):
    q = forms.CharField(label="Search evaluations by model", required=False, max_length=120)
    status = forms.ChoiceField(choices=[ANY, *RunStatus.choices], required=False)
    owner_team = forms.ChoiceField(label="Team", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField


class StartForm(forms.Form):
    model = forms.ModelChoiceField(ModelVersion.objects.none(), empty_label="Choose", help_text="One with files.")
    dataset = forms.ModelChoiceField(
        DatasetVersion.objects.none(), empty_label="Choose", help_text="Approved ones with prompts and references."
    )
    metrics = forms.MultipleChoiceField(
        choices=[(name, MEANING[name]) for name in METRICS],
        initial=list(METRICS),
        widget=forms.CheckboxSelectMultiple,
    )
    sample_size = forms.IntegerField(
        label="Samples", required=False, min_value=1, help_text="Rows drawn with the seed. Left out: all."
    )
    seed = forms.IntegerField(initial=0, min_value=0, max_value=SEED_MAX)
    max_new_tokens = forms.IntegerField(
        label="Longest answer", initial=DEFAULT_NEW_TOKENS, min_value=1, max_value=NEW_TOKENS_MAX, help_text="Tokens."
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        models = visible_to(actor, ModelVersion.objects.exclude(digest=""), Permission.USE)
        approved = DatasetVersion.objects.filter(status=DatasetStatus.APPROVED, type__in=ASKABLE)
        fields["model"].queryset = models.order_by("-id")
        fields["dataset"].queryset = visible_to(actor, approved, Permission.USE).order_by("-id")


class CampaignForm(forms.Form):
    sample_size = forms.IntegerField(
        label="Answers to review", min_value=1, initial=20, help_text="Drawn with the seed."
    )
    seed = forms.IntegerField(initial=0, min_value=0, max_value=SEED_MAX)
    title = forms.CharField(max_length=200)
    question = forms.CharField(max_length=300, initial=DEFAULT_QUESTION)
    guidelines = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What counts as acceptable.",
    )


class AnswerForm(forms.Form):
    """One reviewer's answer; which of the two buttons was pressed says what it is."""

    acceptable = forms.TypedChoiceField(choices=[("yes", "Yes"), ("no", "No")], coerce=lambda given: given == "yes")
    comment = forms.CharField(required=False, max_length=5000)
