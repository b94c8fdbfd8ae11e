"""The TrainJobSpec: its fields, read strictly. What they must be beside each other is in `rules.py`."""

import math
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from apps.core.api.handler import flattened
from apps.core.api.inputs import StrictSerializer
from apps.datasets.models import DatasetVersion
from apps.training.errors import SpecInvalidError
from apps.training.models import TrainingJob

Spec = dict[str, Any]

METHODS = ("full", "lora", "qlora")
PRECISIONS = ("fp32", "bf16", "fp16")
SAVE_FORMATS = ("hf", "safetensors")


class FiniteField(serializers.FloatField):
    """A float that is a number: neither NaN nor infinite."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            raise serializers.ValidationError("Give a finite number.")
        return value


class DatasetRef(StrictSerializer):
    name = serializers.CharField(max_length=120)
    version = serializers.CharField(max_length=40)
    type = serializers.ChoiceField(choices=DatasetVersion.Type.choices)
    storage_uri = serializers.CharField(
        required=False, max_length=200, help_text="If given, it must be that of the version: the bytes are pinned."
    )


class Lora(StrictSerializer):
    rank = serializers.IntegerField(required=False, min_value=1, max_value=1024)
    alpha = FiniteField(required=False, min_value=1e-6)
    dropout = FiniteField(required=False, min_value=0, max_value=0.99)


class Hyperparams(StrictSerializer):
    lr = FiniteField(min_value=1e-9, max_value=1, help_text="Highest learning rate.")
    batch_size = serializers.IntegerField(min_value=1, max_value=65536, help_text="Rows in one step.")
    num_epochs = serializers.IntegerField(min_value=1, max_value=100_000)
    max_seq_len = serializers.IntegerField(min_value=8, max_value=1_048_576, help_text="Tokens, answer included.")
    precision = serializers.ChoiceField(choices=PRECISIONS, default="fp32")
    gradient_accumulation_steps = serializers.IntegerField(required=False, min_value=1, max_value=65536)
    warmup_ratio = FiniteField(required=False, min_value=0, max_value=0.99, help_text="Share of all steps.")
    weight_decay = FiniteField(required=False, min_value=0, max_value=0.99)
    eval_fraction = FiniteField(
        required=False, min_value=0, max_value=0.5, help_text="Share of the rows kept out of training and measured."
    )
    lora = Lora(required=False, help_text="For the method lora.")


class Resources(StrictSerializer):
    gpus = serializers.IntegerField(default=0, min_value=0, help_text="On one node.")
    gpu_type = serializers.CharField(default="", allow_blank=True, max_length=40)
    nodes = serializers.IntegerField(default=1, min_value=1)


class Output(StrictSerializer):
    artifact_name = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$",
        help_text="Name of the model; its next version is registered.",
        error_messages={
            "invalid": "Use up to 120 letters, digits, '.', '_' and '-', beginning with a letter or digit."
        },
    )
    save_format = serializers.ChoiceField(choices=SAVE_FORMATS, default="hf")


class Architecture(StrictSerializer):
    hidden_size = serializers.IntegerField(min_value=8, max_value=65536)
    num_hidden_layers = serializers.IntegerField(min_value=1, max_value=512)
    num_attention_heads = serializers.IntegerField(min_value=1, max_value=1024)
    num_key_value_heads = serializers.IntegerField(required=False, min_value=1, max_value=1024)
    intermediate_size = serializers.IntegerField(required=False, min_value=8, max_value=1_048_576)
    vocab_size = serializers.IntegerField(min_value=300, max_value=1_048_576)
    max_position_embeddings = serializers.IntegerField(min_value=8, max_value=1_048_576)
    attention_dropout = FiniteField(required=False, min_value=0, max_value=0.99)
    tie_word_embeddings = serializers.BooleanField(required=False)


class TrainJobSpec(StrictSerializer):
    """What a training job is asked to do."""

    job_type = serializers.ChoiceField(choices=TrainingJob.Type.choices)
    model_family = serializers.CharField(max_length=40)
    base_model_ref = serializers.CharField(
        required=False, default=None, allow_null=True, max_length=200, help_text="`name:version`, or the model's id."
    )
    dataset_ref = DatasetRef()
    hyperparams = Hyperparams()
    method = serializers.ChoiceField(choices=METHODS, default="full")
    resources = Resources(required=False)
    output = Output()
    architecture = Architecture(required=False, allow_null=True, default=None, help_text="For PRETRAIN only.")
    use_gpu = serializers.BooleanField(default=False)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**32 - 1)


def read_spec(raw: object) -> Spec:
    """Return the specification with every default filled in, as JSON.

    Raises:
        SpecInvalidError: names every field that is missing, unknown, or not what it should be.
    """
    if not isinstance(raw, Mapping):
        raise SpecInvalidError(why="it is no object.", fields={"body": ["Give a JSON object."]})
    given = TrainJobSpec(data=dict(raw))
    if not given.is_valid():
        fields = flattened(given.errors)
        why = "; ".join(f"{name}: {reasons[0]}" for name, reasons in list(fields.items())[:3])
        raise SpecInvalidError(why=why, fields=fields)
    spec = plain(given.validated_data)
    spec.setdefault("resources", {"gpus": 0, "gpu_type": "", "nodes": 1})
    return spec


def plain(value: Any) -> Any:
    """Return nested ordered dictionaries as plain ones."""
    return {name: plain(inner) for name, inner in value.items()} if isinstance(value, Mapping) else value
