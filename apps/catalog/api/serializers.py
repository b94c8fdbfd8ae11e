"""Shapes of the catalog's API: model versions, their files, comparisons."""

from typing import Any

from rest_framework import serializers

from apps.accounts.owners import OwnerIn, ProjectSlug
from apps.catalog.models import ModelFile, ModelVersion
from apps.catalog.selectors import Comparison
from apps.catalog.states import ModelStatus
from apps.core.api.inputs import StrictSerializer
from apps.governance.shapes import LineageOut, RequestAboutOut


class ModelFilterIn(StrictSerializer):
    type = serializers.ChoiceField(choices=ModelVersion.Type.choices, required=False)
    status = serializers.ChoiceField(choices=ModelStatus.choices, required=False)
    owner_team = serializers.SlugField(required=False)
    model_family = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    q = serializers.CharField(required=False, max_length=200, help_text="In name, version or description.")
    tag = serializers.CharField(required=False)


class ModelIn(OwnerIn):
    name = serializers.CharField(max_length=120)
    version = serializers.CharField(max_length=40, required=False, help_text="Left out: the next number.")
    type = serializers.ChoiceField(choices=ModelVersion.Type.choices)
    model_family = serializers.CharField(max_length=40, help_text="Such as llama, mistral, gemma.")
    metadata = serializers.DictField(required=False, help_text="For external models: provider, base_url, model.")
    base_model = serializers.UUIDField(required=False, allow_null=True, help_text="What it was tuned from.")
    license = serializers.CharField(max_length=80, required=False, allow_blank=True, help_text="SPDX identifier.")
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=20)
    card = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, help_text="Markdown.")


class ModelPatch(StrictSerializer):
    model_family = serializers.CharField(max_length=40, required=False)
    metadata = serializers.DictField(required=False)
    base_model = serializers.UUIDField(required=False, allow_null=True)
    license = serializers.CharField(max_length=80, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=20)
    card = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)


class ModelStatusIn(StrictSerializer):
    status = serializers.ChoiceField(choices=ModelStatus.choices, help_text="The status to move to.")
    reason = serializers.CharField(max_length=2000, help_text="Why; it stays in the audit trail.")


class ModelApprovalIn(StrictSerializer):
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ModelRefOut(serializers.ModelSerializer[ModelVersion]):
    class Meta:
        model = ModelVersion
        fields = ("id", "name", "version", "status")


class ModelOut(serializers.ModelSerializer[ModelVersion]):
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    base_model = ModelRefOut(allow_null=True)
    created_by = serializers.CharField(source="created_by.username")
    storage_uri = serializers.CharField()

    class Meta:
        model = ModelVersion
        fields = (
            "id",
            "name",
            "version",
            "type",
            "model_family",
            "status",
            "owner_team",
            "project",
            "license",
            "description",
            "tags",
            "metadata",
            "facts",
            "base_model",
            "digest",
            "size_bytes",
            "storage_uri",
            "created_by",
            "created_at",
            "updated_at",
        )


class ModelFileOut(serializers.ModelSerializer[ModelFile]):
    uploaded_by = serializers.CharField(source="uploaded_by.username")

    class Meta:
        model = ModelFile
        fields = ("path", "kind", "size_bytes", "sha256", "facts", "uploaded_by", "created_at")


class ModelFilesOut(serializers.Serializer[Any]):
    digest = serializers.CharField(help_text="Of the canonical JSON of path, size_bytes and sha256 of all files.")
    size_bytes = serializers.IntegerField()
    items = ModelFileOut(many=True)


class ModelDetailOut(ModelOut):
    files = ModelFileOut(many=True)
    approvals = RequestAboutOut(many=True, help_text="Requests about it, newest first.")
    evidence = serializers.DictField(
        help_text="What other parts of the portal know of it: evaluations, reviews, training."
    )
    lineage = LineageOut()
    card = serializers.CharField(help_text="Markdown, with Hugging Face metadata.")

    class Meta(ModelOut.Meta):
        fields = (*ModelOut.Meta.fields, "files", "approvals", "evidence", "lineage", "card")


class ComparedModelFileOut(serializers.Serializer[Any]):
    path = serializers.CharField()
    change = serializers.ChoiceField(choices=["added", "removed", "changed", "same"])
    sha256 = serializers.ListField(child=serializers.CharField(allow_null=True), help_text="In a, in b.")
    size_bytes = serializers.ListField(child=serializers.IntegerField(allow_null=True), help_text="In a, in b.")


class ModelComparisonOut(serializers.Serializer[Comparison]):
    a = ModelRefOut()
    b = ModelRefOut()
    fields_changed = serializers.DictField(
        source="fields", child=serializers.ListField(), help_text="Name to its two values."
    )
    files = ComparedModelFileOut(many=True)
    evidence = serializers.ListField(child=serializers.DictField(), help_text="About a, about b.")


class ModelCardOut(serializers.Serializer[Any]):
    metadata = serializers.DictField(help_text="As in the front matter of a Hugging Face model card.")
    markdown = serializers.CharField(help_text="The whole card, front matter included.")
