"""Shapes of the training API. A specification's own fields are in `apps/training/spec.py`."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.accounts.owners import OwnerIn, ProjectSlug
from apps.core.api.inputs import StrictSerializer
from apps.training.models import JobEvent, TrainingJob
from apps.training.older_forms import OLDER_JOB_TYPES
from apps.training.selectors import LOG_OFFSET_MAX, curves, ran_s
from apps.training.services.finishing import cost_usd
from apps.training.spec import TrainJobSpec
from apps.training.states import JobStatus


class SubmitIn(TrainJobSpec, OwnerIn):
    """A TrainJobSpec, and whose the job is."""


class OlderSubmitIn(OwnerIn):
    """The older form, which is read as the TrainJobSpec that it means."""

    job_type = serializers.ChoiceField(choices=OLDER_JOB_TYPES)
    name = serializers.CharField(required=False, help_text="Name of the model that is made.")
    dataset_id = serializers.UUIDField(required=False)
    base_model_id = serializers.UUIDField(required=False)
    hyperparameters = serializers.DictField(required=False, help_text="learning_rate, batch_size, epochs, max_length.")
    architecture = serializers.DictField(required=False)
    use_gpu = serializers.BooleanField(required=False)


class JobFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=JobStatus.choices, required=False)
    job_type = serializers.ChoiceField(choices=TrainingJob.Type.choices, required=False)
    owner_team = serializers.SlugField(required=False)
    model_id = serializers.UUIDField(required=False, help_text="Of the base model, or of the model that was made.")
    dataset_id = serializers.UUIDField(required=False)


class LogFilter(StrictSerializer):
    offset = serializers.IntegerField(default=0, min_value=0, max_value=LOG_OFFSET_MAX, help_text="Byte to start from.")
    follow = serializers.BooleanField(default=False, help_text="Answer with a stream of events (SSE) until it ends.")


class JobRefOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    label = serializers.CharField(source="__str__")


class JobOut(serializers.ModelSerializer[TrainingJob]):
    artifact_name = serializers.CharField()
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    method = serializers.CharField(source="spec.method")
    use_gpu = serializers.BooleanField(source="spec.use_gpu")
    dataset = JobRefOut()
    base_model = JobRefOut(allow_null=True)
    output_model = JobRefOut(allow_null=True, help_text="What it made, once it has succeeded.")
    progress = serializers.DictField(help_text="phase, step, total_steps and the last figures.")
    cost_usd = serializers.SerializerMethodField(help_text="So far, while it runs.")
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = TrainingJob
        fields = (
            "id",
            "job_type",
            "artifact_name",
            "status",
            "status_reason",
            "wanted",
            "owner_team",
            "project",
            "method",
            "use_gpu",
            "dataset",
            "base_model",
            "output_model",
            "progress",
            "cost_usd",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )

    def get_cost_usd(self, job: TrainingJob) -> str:
        return str(job.cost_usd if job.is_final else cost_usd(job, timezone.now()))


class JobEventOut(serializers.ModelSerializer[JobEvent]):
    class Meta:
        model = JobEvent
        fields = ("at", "kind", "message")


class PointOut(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    value = serializers.FloatField()


class TrackingOut(serializers.Serializer[Any]):
    run_id = serializers.CharField(source="mlflow_run_id")
    page = serializers.CharField(source="tracking_page", help_text="The experiment's address for a person.")
    trouble = serializers.CharField(source="tracking_trouble", help_text="Why the tracker could not be asked.")


class JobDetailOut(JobOut):
    spec = serializers.DictField(help_text="The TrainJobSpec as it was accepted.")
    timeline = JobEventOut(many=True, source="events")
    metrics = serializers.SerializerMethodField(help_text="Each figure by step, thinned to 400 points.")
    resources_used = serializers.SerializerMethodField(help_text="seconds, gpus, nodes, peak memory where known.")
    tracking = TrackingOut(source="*")
    retry_of = serializers.UUIDField(source="retry_of_id", allow_null=True)

    class Meta(JobOut.Meta):
        fields = (
            *JobOut.Meta.fields,
            "spec",
            "spec_digest",
            "image",
            "orchestrator",
            "timeline",
            "metrics",
            "facts",
            "resources_used",
            "tracking",
            "log_tail",
            "trouble",
            "retry_of",
        )

    def get_metrics(self, job: TrainingJob) -> dict[str, list[dict[str, float]]]:
        return curves(job)

    def get_resources_used(self, job: TrainingJob) -> dict[str, float | None]:
        resources = job.spec["resources"]
        return {
            "seconds": round(ran_s(job, now=timezone.now()), 1),
            "gpus": resources["gpus"],
            "nodes": resources["nodes"],
            "peak_rss_bytes": job.facts.get("peak_rss_bytes"),
        }


class LogOut(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="At most 256 KiB.")
    next_offset = serializers.IntegerField(help_text="Where to go on from.")
    is_final = serializers.BooleanField(help_text="Whether the job has ended, so that no more will come.")


class BrokenRuleOut(serializers.Serializer[Any]):
    rule = serializers.CharField()
    field = serializers.CharField()
    message = serializers.CharField()
    mend = serializers.CharField()


class ValidationOut(serializers.Serializer[Any]):
    is_valid = serializers.BooleanField()
    rules = BrokenRuleOut(many=True, help_text="Every rule that is broken.")


class RenderedOut(serializers.Serializer[Any]):
    local = serializers.DictField(help_text="argv, env, image and spec.json of the process on this machine.")
    mlflow = serializers.DictField(help_text="experiment, run_name, tags and params of the run.")
