"""Forms of the training pages. They read; the services decide."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.owners import OwnerForm
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_teams, visible_to
from apps.catalog.models import ModelVersion
from apps.catalog.states import ModelStatus
from apps.datasets.models import DatasetVersion
from apps.datasets.states import DatasetStatus
from apps.training.limits import limits
from apps.training.models import TrainingJob
from apps.training.rules import DATASET_TYPE_OF
from apps.training.spec import METHODS, PRECISIONS
from apps.training.states import JobStatus

ANY = ("", "Any")
SHAPE = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings")
METHOD_NAMES = {"full": "Full: all weights", "lora": "LoRA", "qlora": "QLoRA"}
SETTINGS = ("lr", "batch_size", "num_epochs", "max_seq_len", "precision")


class JobFilter(forms.Form):
    q = forms.CharField(label="Search jobs by the model they make", required=False, max_length=120)
    status = forms.ChoiceField(choices=[ANY, *JobStatus.choices], required=False)
    job_type = forms.ChoiceField(label="Kind", choices=[ANY, *TrainingJob.Type.choices], required=False)
    owner_team = forms.ChoiceField(label="Team", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField


class DatasetChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: DatasetVersion) -> str:
        return f"{obj} - {obj.get_type_display().lower()}, {obj.row_count} rows"


class SubmitForm(OwnerForm):
    """A TrainJobSpec as a form. What belongs together is said by the rules, all at once."""

    artifact_name = forms.CharField(
        label="Name of the model", max_length=120, help_text="Its next version is registered when the job succeeds."
    )
    dataset = DatasetChoice(
        DatasetVersion.objects.none(), empty_label="Choose", help_text="Approved ones that you may use."
    )
    job_type = forms.ChoiceField(label="Kind", choices=TrainingJob.Type.choices, initial=TrainingJob.Type.SFT)
    base_model = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        required=False,
        empty_label="None",
        help_text="Approved ones. None for pretraining.",
    )
    model_family = forms.ChoiceField()
    method = forms.ChoiceField(
        choices=[(name, METHOD_NAMES.get(name, name)) for name in METHODS], help_text="Pretraining is full."
    )

    lr = forms.FloatField(label="Learning rate", initial=0.001)
    batch_size = forms.IntegerField(initial=16, help_text="Rows in one step.")
    num_epochs = forms.IntegerField(label="Epochs", initial=3)
    max_seq_len = forms.IntegerField(label="Longest row", initial=128, help_text="Tokens, answer included.")
    precision = forms.ChoiceField(choices=[(name, name) for name in PRECISIONS])
    seed = forms.IntegerField(initial=0)

    hidden_size = forms.IntegerField(required=False)
    num_hidden_layers = forms.IntegerField(label="Layers", required=False)
    num_attention_heads = forms.IntegerField(label="Attention heads", required=False)
    vocab_size = forms.IntegerField(label="Vocabulary", required=False, help_text="Tokens, at most.")
    max_position_embeddings = forms.IntegerField(label="Context", required=False, help_text="Tokens.")

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        usable = visible_to(actor, DatasetVersion.objects.filter(status=DatasetStatus.APPROVED), Permission.USE)
        bases = visible_to(actor, ModelVersion.objects.filter(status=ModelStatus.APPROVED), Permission.USE)
        fields: Any = self.fields
        fields["dataset"].queryset = usable.filter(type__in=DATASET_TYPE_OF.values()).order_by("-id")
        fields["base_model"].queryset = bases.exclude(digest="").order_by("-id")
        fields["model_family"].choices = [(family, family) for family in limits().model_families]
        fields["model_family"].initial = "llama"

    def spec(self) -> dict[str, Any]:
        """Return what was filled in, as a TrainJobSpec."""
        given = self.cleaned_data
        dataset: DatasetVersion = given["dataset"]
        shape = {name: given[name] for name in SHAPE if given[name] is not None}
        return {
            "job_type": given["job_type"],
            "model_family": given["model_family"],
            "base_model_ref": str(given["base_model"].pk) if given["base_model"] else None,
            "dataset_ref": {
                "name": dataset.name,
                "version": dataset.version,
                "type": dataset.type,
                "storage_uri": dataset.storage_uri,
            },
            "hyperparams": {name: given[name] for name in SETTINGS},
            "method": given["method"],
            "architecture": shape or None,
            "output": {"artifact_name": given["artifact_name"]},
            "seed": given["seed"],
        }
