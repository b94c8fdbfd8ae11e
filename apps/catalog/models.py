"""Registered models: versions, their files, and links of lineage between versions."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse

from apps.accounts.models import ObjectGrant, Owned, User
from apps.catalog.states import ModelStatus
from apps.core.ids import new_id


class ModelVersion(Owned):
    """One version of a named model. Its files and facts no longer change once it has been approved."""

    class Type(models.TextChoices):
        BASE = "base", "Base"
        FINE_TUNED = "fine_tuned", "Fine-tuned"
        EXTERNAL = "external", "External"

    GRANTS = "grants"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=40)
    type = models.CharField(max_length=12, choices=Type.choices)
    model_family = models.CharField(max_length=40, help_text="Such as llama, mistral, gemma.")
    status = models.CharField(max_length=20, choices=ModelStatus.choices, default=ModelStatus.DRAFT)
    description = models.TextField(blank=True)
    license = models.CharField(max_length=80, blank=True, help_text="SPDX identifier.")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="What the maker says of it.")
    facts = models.JSONField(
        default=dict,
        blank=True,
        help_text="What its files say: parameter_count, architecture, max_position_embeddings.",
    )
    card = models.TextField(blank=True, help_text="Model card, in Markdown.")
    base_model = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="derived",
        help_text="What it was tuned from.",
    )
    digest = models.CharField(max_length=71, blank=True, help_text="Of the manifest of its files; empty without files.")
    size_bytes = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner_team", "name", "version"], name="model_version_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner_team", "-id"], name="model_by_team"),
            models.Index(fields=["name", "-id"], name="model_by_name"),
            GinIndex(fields=["tags"], name="model_by_tag"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("catalog:model", args=[self.pk])

    @property
    def storage_uri(self) -> str:
        """Where its files are, by content: `llmops://models/<digest>`; empty without files."""
        return f"llmops://models/{self.digest}" if self.digest else ""


class ModelVersionGrant(ObjectGrant):
    content_object = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="grants")


class ModelFile(models.Model):
    """One file of a version, by content."""

    class Kind(models.TextChoices):
        WEIGHTS = "weights", "Weights"
        CONFIG = "config", "Configuration"
        TOKENIZER = "tokenizer", "Tokenizer"
        TEXT = "text", "Text"

    TEAM_PATH = "model_version__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=300, help_text="Relative, such as model.safetensors.")
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    facts = models.JSONField(default=dict, blank=True, help_text="What its content says, such as parameter_count.")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["path"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["model_version", "path"], name="model_file_path_once")]

    def __str__(self) -> str:
        return self.path
