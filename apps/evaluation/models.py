"""Evaluation runs with their samples and scores, and human review of samples."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Owned, User
from apps.catalog.models import ModelVersion
from apps.core.ids import new_id
from apps.core.reconcile import Reconcilable
from apps.datasets.models import DatasetVersion
from apps.evaluation.states import FINAL, RunStatus, TaskStatus


class EvaluationRun(Reconcilable, Owned):
    """A model version answers the samples of a dataset version, and metrics say how well."""

    class Type(models.TextChoices):
        AUTOMATED = "automated", "Automated"
        HUMAN = "human", "Human"
        LLM_JUDGE = "llm_judge", "LLM judge"
        COMBINED = "combined", "Combined"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run_type = models.CharField(max_length=12, choices=Type.choices, default=Type.AUTOMATED)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="evaluation_runs")
    model_digest = models.CharField(max_length=71, help_text="Of the files that answered.")
    dataset = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="evaluation_runs")
    dataset_digest = models.CharField(max_length=71)
    metrics_wanted = ArrayField(models.CharField(max_length=40))
    sample_size = models.PositiveIntegerField(help_text="How many samples answer; drawn with the seed.")
    seed = models.PositiveIntegerField(default=0)
    settings = models.JSONField(default=dict, help_text="max_new_tokens and other sampling settings.")
    status = models.CharField(max_length=12, choices=RunStatus.choices, default=RunStatus.QUEUED)
    status_reason = models.TextField(blank=True)
    results = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="Per metric: value, low, high, confidence, n, method."
    )
    progress = models.JSONField(default=dict, blank=True, help_text="done, total.")
    facts = models.JSONField(default=dict, blank=True, help_text="What the program reports: device, versions, seconds.")
    log_tail = models.TextField(blank=True, help_text="The last lines of the log of a run that failed.")
    hour_usd = models.DecimalField(
        max_digits=14,
        decimal_places=6,
        default=0,
        help_text="An hour of one processor, by the prices in force when it started.",
    )
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["owner_team", "-id"], name="evaluation_by_team"),
            models.Index(
                fields=["next_look_at"], condition=models.Q(next_look_at__isnull=False), name="evaluation_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_version} on {self.dataset}"

    def get_absolute_url(self) -> str:
        return reverse("evaluation:run", args=[self.pk])

    @property
    def external_name(self) -> str:
        return f"eval-{self.pk}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


class Sample(models.Model):
    """One question of a run, what was expected and what was answered."""

    TEAM_PATH = "run__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="samples")
    index = models.PositiveIntegerField(help_text="Row of the dataset, from 0.")
    prompt = models.TextField()
    reference = models.TextField(blank=True)
    prediction = models.TextField(blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    latency_ms = models.FloatField(null=True, blank=True)
    scores = models.JSONField(default=dict, help_text="Metric to value.")

    class Meta:
        ordering: ClassVar = ["index"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "index"], name="sample_index_once")]

    def __str__(self) -> str:
        return f"sample {self.index}"


class ReviewCampaign(Owned):
    """People look at samples of a run and say whether the answers are acceptable."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(EvaluationRun, on_delete=models.PROTECT, related_name="campaigns")
    title = models.CharField(max_length=200)
    question = models.CharField(max_length=300, default="Is this answer acceptable?")
    guidelines = models.TextField(blank=True)
    sample_size = models.PositiveIntegerField(
        help_text="How many of the run's samples are reviewed; drawn with the seed."
    )
    seed = models.PositiveIntegerField(default=0)
    barred = ArrayField(
        models.UUIDField(), default=list, help_text="Who had a part in the work and may not review it, by user id."
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.title


class ReviewTask(models.Model):
    """One sample in a reviewer's queue. A claim is a lease: it ends by itself."""

    TEAM_PATH = "campaign__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(ReviewCampaign, on_delete=models.CASCADE, related_name="tasks")
    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="review_tasks")
    status = models.CharField(max_length=10, choices=TaskStatus.choices, default=TaskStatus.OPEN)
    claimed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "sample"], name="sample_reviewed_once")]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "id"], condition=~models.Q(status=TaskStatus.DONE), name="task_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.campaign}, row {self.sample.index}"

    @property
    def is_claimable(self) -> bool:
        expired = self.claimed_until is not None and self.claimed_until < timezone.now()
        return self.status == TaskStatus.OPEN or (self.status == TaskStatus.CLAIMED and expired)


class Review(models.Model):
    """One reviewer's answer to one task."""

    TEAM_PATH = "task__campaign__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.OneToOneField(ReviewTask, on_delete=models.PROTECT, related_name="review")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    acceptable = models.BooleanField()
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return "acceptable" if self.acceptable else "not acceptable"
