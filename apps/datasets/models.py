"""Datasets: versions by content, and what validation found in them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse

from apps.accounts.models import ObjectGrant, Owned, User
from apps.core.ids import new_id
from apps.datasets.states import DatasetStatus, PiiStatus


class DatasetVersion(Owned):
    """One version of a named dataset: one file by content, understood and validated."""

    class Type(models.TextChoices):
        PRETRAIN_CORPUS = "pretrain_corpus", "Pretraining corpus"
        SFT_PAIR = "sft_pair", "Prompt and response pairs"
        RAG_QA = "rag_qa", "Questions, contexts and answers"
        RLHF_PAIR = "rlhf_pair", "Chosen and rejected pairs"
        EMBEDDING_PAIR = "embedding_pair", "Embedding pairs"
        EVAL_SET = "eval_set", "Evaluation set"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSONL = "jsonl", "JSON Lines"
        PARQUET = "parquet", "Parquet"

    GRANTS = "grants"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=40)
    type = models.CharField(max_length=20, choices=Type.choices)
    status = models.CharField(max_length=20, choices=DatasetStatus.choices, default=DatasetStatus.DRAFT)
    description = models.TextField(blank=True)
    license = models.CharField(max_length=80, blank=True, help_text="SPDX identifier.")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        help_text="What it was cleaned from.",
    )
    derivation = models.JSONField(default=dict, blank=True, help_text="How it was made from its parent, with counts.")
    format = models.CharField(max_length=8, choices=Format.choices, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the file; empty until one is uploaded.")
    size_bytes = models.BigIntegerField(default=0)
    row_count = models.BigIntegerField(default=0)
    schema = models.JSONField(default=list, blank=True, help_text="Columns in order: name and type.")
    statistics = models.JSONField(default=dict, blank=True, help_text="Per column.")
    pii_status = models.CharField(max_length=10, choices=PiiStatus.choices, default=PiiStatus.UNKNOWN)
    quality_score = models.FloatField(
        null=True, blank=True, help_text="0 to 100; its parts are in the validation report."
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner_team", "name", "version"], name="dataset_version_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner_team", "-id"], name="dataset_by_team"),
            models.Index(fields=["name", "-id"], name="dataset_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("datasets:dataset", args=[self.pk])

    @property
    def storage_uri(self) -> str:
        """Where its file is, by content: `llmops://datasets/sha256:<hex>`; empty without one."""
        return f"llmops://datasets/sha256:{self.sha256}" if self.sha256 else ""


class DatasetVersionGrant(ObjectGrant):
    content_object = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="grants")


class ValidationReport(models.Model):
    """What validation found in the file of a version. One report per file content."""

    TEAM_PATH = "dataset__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    dataset = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="reports")
    sha256 = models.CharField(max_length=64, help_text="Of the file that was looked at.")
    rows = models.BigIntegerField()
    duplicates = models.JSONField(default=dict, help_text="count, and the first groups of row numbers.")
    pii = models.JSONField(
        default=dict,
        encoder=DjangoJSONEncoder,
        help_text="Counts by kind, and rows with masked samples; never the value.",
    )
    quality = models.JSONField(default=dict, help_text="Score and its parts, each with weight and reason.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"report on {self.dataset}"
