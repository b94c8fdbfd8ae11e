"""Shapes of the evaluation API."""

from typing import Any

from rest_framework import serializers

from apps.accounts.owners import OwnerIn, ProjectSlug
from apps.core.api.inputs import StrictSerializer
from apps.evaluation.metrics import METRICS
from apps.evaluation.models import EvaluationRun, Review, ReviewCampaign, Sample
from apps.evaluation.rules import NEW_TOKENS_MAX
from apps.evaluation.sampling import SEED_MAX
from apps.evaluation.selectors import campaigns_of
from apps.evaluation.services.campaigns import DEFAULT_QUESTION
from apps.evaluation.services.runs import DEFAULT_NEW_TOKENS
from apps.evaluation.states import RunStatus


class SettingsIn(StrictSerializer):
    max_new_tokens = serializers.IntegerField(
        default=DEFAULT_NEW_TOKENS, min_value=1, max_value=NEW_TOKENS_MAX, help_text="The most that an answer may have."
    )


class StartIn(OwnerIn):
    owner_team = serializers.SlugField(required=False, help_text="The team that owns the run; left out, the model's.")
    model_id = serializers.UUIDField()
    dataset_id = serializers.UUIDField(help_text="An approved dataset with prompts and references.")
    run_type = serializers.ChoiceField(choices=EvaluationRun.Type.choices, default=EvaluationRun.Type.AUTOMATED.value)
    metrics = serializers.ListField(
        child=serializers.CharField(max_length=40), default=list(METRICS), help_text=f"Of {', '.join(METRICS)}."
    )
    sample_size = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        help_text="Rows drawn with the seed; all if left out.",
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=SEED_MAX)
    settings = SettingsIn(required=False, help_text="How the model answers; always greedily.")


class RunFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=RunStatus.choices, required=False)
    run_type = serializers.ChoiceField(choices=EvaluationRun.Type.choices, required=False)
    owner_team = serializers.SlugField(required=False)
    model_id = serializers.UUIDField(required=False)
    dataset_id = serializers.UUIDField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, two of which bear names that Python keeps for itself or would mislead in it."""
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(source="since", required=False, help_text="Created then or later.")
        fields["to"] = serializers.DateTimeField(source="until", required=False, help_text="Created before then.")
        return fields


class CompareFilter(StrictSerializer):
    ids = serializers.CharField(
        help_text="Ids of two to six evaluations, separated by commas; the first is the baseline."
    )


class ExportFilter(StrictSerializer):
    format = serializers.ChoiceField(choices=["csv", "json", "parquet"], default="csv")


class CampaignIn(StrictSerializer):
    sample_size = serializers.IntegerField(min_value=1, help_text="How many answers are reviewed.")
    seed = serializers.IntegerField(default=0, min_value=0, max_value=SEED_MAX)
    title = serializers.CharField(max_length=200, required=False)
    question = serializers.CharField(max_length=300, default=DEFAULT_QUESTION)
    guidelines = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)


class ClaimIn(StrictSerializer):
    campaign_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class ReviewIn(StrictSerializer):
    task_id = serializers.UUIDField()
    acceptable = serializers.BooleanField()
    comment = serializers.CharField(max_length=5000, default="", allow_blank=True)


class RunRefOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    label = serializers.CharField(source="__str__")


class MetricOut(serializers.Serializer[Any]):
    value = serializers.FloatField()
    low = serializers.FloatField(help_text="Of the confidence interval.")
    high = serializers.FloatField()
    confidence = serializers.FloatField()
    n = serializers.IntegerField()
    method = serializers.CharField()


class RunOut(serializers.ModelSerializer[EvaluationRun]):
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    model = RunRefOut(source="model_version")
    dataset = RunRefOut()
    metrics = serializers.ListField(source="metrics_wanted", child=serializers.CharField())
    results = serializers.DictField(child=MetricOut(), help_text="By metric.")
    progress = serializers.DictField(help_text="done, total.")
    cost_usd = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = EvaluationRun
        fields = (
            "id",
            "run_type",
            "status",
            "status_reason",
            "owner_team",
            "project",
            "model",
            "model_digest",
            "dataset",
            "dataset_digest",
            "metrics",
            "sample_size",
            "seed",
            "results",
            "progress",
            "cost_usd",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )


class SampleOut(serializers.ModelSerializer[Sample]):
    class Meta:
        model = Sample
        fields = (
            "index",
            "prompt",
            "reference",
            "prediction",
            "prompt_tokens",
            "completion_tokens",
            "latency_ms",
            "scores",
        )


class CampaignOut(serializers.ModelSerializer[ReviewCampaign]):
    run_id = serializers.UUIDField()
    done = serializers.IntegerField(help_text="Tasks that are answered.")
    acceptable = serializers.IntegerField(help_text="Answers that were found acceptable.")
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = ReviewCampaign
        fields = (
            "id",
            "run_id",
            "title",
            "question",
            "guidelines",
            "sample_size",
            "seed",
            "done",
            "acceptable",
            "created_by",
            "created_at",
        )


class RunDetailOut(RunOut):
    samples = serializers.SerializerMethodField(help_text="The first 50; export has all.")
    campaigns = serializers.SerializerMethodField()

    class Meta(RunOut.Meta):
        fields = (*RunOut.Meta.fields, "settings", "facts", "log_tail", "trouble", "samples", "campaigns")

    def get_samples(self, run: EvaluationRun) -> list[dict[str, Any]]:
        return list(SampleOut(run.samples.order_by("index")[:50], many=True).data)

    def get_campaigns(self, run: EvaluationRun) -> list[dict[str, Any]]:
        return list(CampaignOut(campaigns_of(run), many=True).data)


class TaskOut(serializers.Serializer[Any]):
    """A task as its reviewer sees it: blind, so without the model, the run, or what others think."""

    id = serializers.UUIDField()
    run_id = serializers.UUIDField(source="campaign.run_id", help_text="Where the review is sent to.")
    campaign_id = serializers.UUIDField()
    question = serializers.CharField(source="campaign.question")
    guidelines = serializers.CharField(source="campaign.guidelines")
    prompt = serializers.CharField(source="sample.prompt")
    answer = serializers.CharField(source="sample.prediction")
    reference = serializers.CharField(source="sample.reference")
    claimed_until = serializers.DateTimeField(help_text="Until then it is lent to you, and your answer can be changed.")


class QueueCampaignOut(serializers.Serializer[Any]):
    campaign_id = serializers.UUIDField()
    question = serializers.CharField()
    waiting = serializers.IntegerField()


class QueueOut(serializers.Serializer[Any]):
    waiting = serializers.IntegerField(help_text="How many tasks wait for you.")
    campaigns = QueueCampaignOut(many=True)
    task = TaskOut(allow_null=True, help_text="The one that is lent to you now.")


class ReviewOut(serializers.ModelSerializer[Review]):
    task_id = serializers.UUIDField()

    class Meta:
        model = Review
        fields = ("id", "task_id", "acceptable", "comment", "at")


class DifferenceOut(serializers.Serializer[Any]):
    run_id = serializers.UUIDField()
    metric = serializers.CharField()
    difference = MetricOut(help_text="Mean over paired samples; positive where the run is better than the baseline.")
    is_significant = serializers.BooleanField(help_text="Whether the interval excludes zero.")
    better = serializers.IntegerField(help_text="Samples on which it scores higher.")
    worse = serializers.IntegerField()


class ChangedSampleOut(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    prompt = serializers.CharField()
    reference = serializers.CharField()
    predictions = serializers.ListField(child=serializers.CharField(), help_text="In the order of the runs.")
    scores = serializers.ListField(child=serializers.FloatField())


class ComparisonOut(serializers.Serializer[Any]):
    runs = RunOut(many=True)
    metrics = serializers.ListField(child=serializers.CharField())
    differences = serializers.SerializerMethodField()
    why_not = serializers.CharField(help_text="Why runs cannot be paired with the baseline; empty where they can.")
    changed = ChangedSampleOut(many=True, help_text="Samples on which the runs differ, at most 50.")

    def get_differences(self, comparison: Any) -> list[dict[str, Any]]:
        return [difference.as_dict() for difference in comparison.differences]
