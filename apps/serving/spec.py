"""The DeploymentSpec: how it is written. Whether it holds for a model is in `rules.py`."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from apps.core.api.handler import flattened
from apps.core.api.inputs import StrictSerializer
from apps.serving.errors import SpecInvalidError

JOB_TYPES = ("PRETRAIN", "SFT", "RAG_TUNING", "RLHF", "EMBEDDING")
GENERATION, RAG = "GENERATION", "RAG"
BLUE_GREEN, CANARY = "blue-green", "canary"

_UNITS = {"Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

Spec = dict[str, Any]


class ResourcesIn(StrictSerializer):
    gpus = serializers.IntegerField(min_value=0, max_value=64, default=0)
    gpu_memory_gb = serializers.IntegerField(min_value=0, max_value=1024, default=0, help_text="Of each GPU.")
    cpu = serializers.FloatField(min_value=0.1, max_value=512, default=1.0, help_text="Cores.")
    memory = serializers.RegexField(r"^[1-9][0-9]{0,5}(Mi|Gi|Ti)$", default="2Gi", help_text="Such as 512Mi or 8Gi.")


class RuntimeIn(StrictSerializer):
    max_concurrent_requests = serializers.IntegerField(min_value=1, max_value=4096, default=8)
    max_input_tokens = serializers.IntegerField(
        min_value=1, max_value=10_000_000, allow_null=True, default=None, help_text="Default: what the model can read."
    )
    max_output_tokens = serializers.IntegerField(
        min_value=1, max_value=1_000_000, allow_null=True, default=None, help_text="Default: a quarter of the context."
    )


class TrafficSplitIn(StrictSerializer):
    old = serializers.IntegerField(min_value=0, max_value=100, default=0, help_text="Per cent.")
    new = serializers.IntegerField(min_value=0, max_value=100, default=100, help_text="Per cent.")


class RolloutIn(StrictSerializer):
    strategy = serializers.ChoiceField(choices=[BLUE_GREEN, CANARY], default=BLUE_GREEN)
    traffic_split = TrafficSplitIn(required=False, help_text="What a finished rollout sends to the old and the new.")


class ScalingIn(StrictSerializer):
    min_replicas = serializers.IntegerField(min_value=1, max_value=1000, default=1)
    max_replicas = serializers.IntegerField(min_value=1, max_value=1000, default=1)
    target = serializers.IntegerField(
        min_value=1, max_value=10_000, allow_null=True, default=None, help_text="Requests in flight per replica."
    )


class DeploymentSpecIn(StrictSerializer):
    """A DeploymentSpec. What is left out takes its default, or what the model and its training job say."""

    model_ref = serializers.CharField(max_length=200, help_text="Id of a model version, or its name:version.")
    model_family = serializers.CharField(
        max_length=40, required=False, allow_null=True, default=None, help_text="Default: the model's."
    )
    job_type = serializers.ChoiceField(
        choices=JOB_TYPES, required=False, allow_null=True, default=None, help_text="Default: the training job's."
    )
    serve_target = serializers.ChoiceField(
        choices=[GENERATION, RAG], required=False, allow_null=True, default=None, help_text="Default: by job type."
    )
    use_gpu = serializers.BooleanField(default=False)
    runtime_image = serializers.CharField(
        max_length=200, required=False, allow_null=True, default=None, help_text="Only from the allowed list."
    )
    resources = ResourcesIn(required=False)
    runtime = RuntimeIn(required=False)
    rollout = RolloutIn(required=False)
    scaling = ScalingIn(required=False)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            parts: dict[str, Any] = {"resources": {}, "runtime": {}, "rollout": {}, "scaling": {}}
            data = parts | dict(data)
        return super().to_internal_value(data)


def parse_spec(given: Mapping[str, Any]) -> Spec:
    """Return a DeploymentSpec with every default filled in, as JSON.

    Raises:
        SpecInvalidError: names each field that is malformed or unknown.
    """
    form = DeploymentSpecIn(data=dict(given))
    if not form.is_valid():
        fields = flattened(form.errors)
        why = "; ".join(f"{name}: {reasons[0]}" for name, reasons in list(fields.items())[:3])
        raise SpecInvalidError(f"The deployment spec is not valid: {why}", fields=fields)
    return plain(form.validated_data)


def plain(value: Any) -> Any:
    """Return validated data as plain dicts, so that it compares and serialises like what was read from the database."""
    return {name: plain(inner) for name, inner in value.items()} if isinstance(value, Mapping) else value


def memory_bytes(quantity: str) -> int:
    """Return `512Mi` as bytes."""
    return int(quantity[:-2]) * _UNITS[quantity[-2:]]
