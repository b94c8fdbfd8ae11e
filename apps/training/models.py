"""Training jobs: what was asked for, what was seen of it, and what it made."""

from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse

from apps.accounts.models import Owned, User
from apps.catalog.models import ModelVersion
from apps.core.ids import new_id
from apps.core.reconcile import Reconcilable
from apps.datasets.models import DatasetVersion
from apps.training.states import FINAL, JobStatus, Wanted


class TrainingJob(Reconcilable, Owned):
    """A job that makes a model version from a dataset version, by a TrainJobSpec."""

    class Type(models.TextChoices):
        PRETRAIN = "PRETRAIN", "Pretraining"
        SFT = "SFT", "Supervised fine-tuning"
        RAG_TUNING = "RAG_TUNING", "Retrieval tuning"
        RLHF = "RLHF", "Preference tuning"
        EMBEDDING = "EMBEDDING", "Embedding"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    job_type = models.CharField(max_length=12, choices=Type.choices)
    spec = models.JSONField(encoder=DjangoJSONEncoder, help_text="The TrainJobSpec as it was accepted.")
    spec_digest = models.CharField(max_length=71)
    image = models.CharField(max_length=200, help_text="Chosen by job type and GPU, never by the user.")
    orchestrator = models.CharField(max_length=20, default="local")
    dataset = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="training_jobs")
    base_model = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="training_jobs"
    )
    output_model = models.OneToOneField(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="produced_by"
    )
    retry_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="retries")
    wanted = models.CharField(max_length=10, choices=Wanted.choices, default=Wanted.RUN)
    status = models.CharField(max_length=12, choices=JobStatus.choices, default=JobStatus.QUEUED)
    status_reason = models.TextField(blank=True, help_text="Why it failed, was lost, or still waits.")
    log_tail = models.TextField(blank=True, help_text="The last lines of the log of a job that failed.")
    progress = models.JSONField(default=dict, blank=True, help_text="phase, step, total_steps, loss.")
    facts = models.JSONField(default=dict, blank=True, help_text="What the program reports of the finished run.")
    events_read = models.BigIntegerField(default=0, help_text="Bytes of the program's events that are taken over.")
    mlflow_run_id = models.CharField(max_length=64, blank=True)
    tracking_page = models.CharField(max_length=300, blank=True, help_text="The run's page in the experiment tracker.")
    tracking_trouble = models.CharField(max_length=300, blank=True, help_text="Why the tracker could not be asked.")
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
            models.Index(fields=["owner_team", "-id"], name="job_by_team"),
            models.Index(fields=["next_look_at"], condition=models.Q(next_look_at__isnull=False), name="job_due"),
        ]

    def __str__(self) -> str:
        return f"{self.job_type} {self.artifact_name}"

    def get_absolute_url(self) -> str:
        return reverse("training:job", args=[self.pk])

    @property
    def artifact_name(self) -> str:
        output: dict[str, Any] = self.spec.get("output", {})
        return str(output.get("artifact_name", ""))

    @property
    def external_name(self) -> str:
        """The name of its half elsewhere: derived from the id, so that a second launch finds the first."""
        return f"job-{self.pk}"

    @property
    def processors(self) -> int:
        """How many it keeps busy: every GPU of every node, or one CPU of each node without any."""
        resources: dict[str, int] = self.spec["resources"]
        return max(1, resources["gpus"]) * resources["nodes"]

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


class JobEvent(models.Model):
    """One entry of a job's timeline."""

    TEAM_PATH = "job__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    job = models.ForeignKey(TrainingJob, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    message = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["job", "at"], name="job_event_by_job")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class JobMetric(models.Model):
    """One figure of a job at one step."""

    TEAM_PATH = "job__owner_team"

    job = models.ForeignKey(TrainingJob, on_delete=models.CASCADE, related_name="metrics")
    step = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    value = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["step"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "name", "step"], name="job_metric_once")]

    def __str__(self) -> str:
        return f"{self.name}@{self.step}={self.value}"
