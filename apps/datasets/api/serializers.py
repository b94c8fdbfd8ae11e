"""Shapes of the datasets' API: versions, their rows, reports, comparisons."""

from typing import Any

from rest_framework import serializers

from apps.accounts.owners import OwnerIn, ProjectSlug
from apps.core.api.inputs import StrictSerializer
from apps.datasets.models import DatasetVersion, ValidationReport
from apps.datasets.selectors import PREVIEW_ROWS, PREVIEW_ROWS_MAX
from apps.datasets.states import DatasetStatus, PiiStatus
from apps.governance.shapes import LineageOut, RequestAboutOut


class DatasetFilterIn(StrictSerializer):
    name = serializers.CharField(required=False)
    version = serializers.CharField(required=False)
    owner_team = serializers.SlugField(required=False)
    pii_status = serializers.ChoiceField(choices=PiiStatus.choices, required=False)
    min_quality_score = serializers.FloatField(required=False, min_value=0, max_value=100)
    type = serializers.ChoiceField(choices=DatasetVersion.Type.choices, required=False)
    status = serializers.ChoiceField(choices=DatasetStatus.choices, required=False)
    q = serializers.CharField(required=False, max_length=200, help_text="In name, version or description.")
    tag = serializers.CharField(required=False)


class DatasetIn(OwnerIn):
    name = serializers.CharField(max_length=120)
    version = serializers.CharField(max_length=40, required=False, help_text="Left out: the next number.")
    type = serializers.ChoiceField(choices=DatasetVersion.Type.choices)
    license = serializers.CharField(max_length=80, required=False, allow_blank=True, help_text="SPDX identifier.")
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=20)
    metadata = serializers.DictField(required=False)


class DatasetPatch(StrictSerializer):
    type = serializers.ChoiceField(choices=DatasetVersion.Type.choices, required=False)
    license = serializers.CharField(max_length=80, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=20)
    metadata = serializers.DictField(required=False)


class DatasetStatusIn(StrictSerializer):
    status = serializers.ChoiceField(choices=DatasetStatus.choices, help_text="The status to move to.")
    reason = serializers.CharField(max_length=2000, help_text="Why; it stays in the audit trail.")


class DatasetCleanIn(StrictSerializer):
    version = serializers.CharField(
        max_length=40, required=False, help_text="Of the new one; left out: the next number."
    )
    drop_duplicates = serializers.BooleanField(default=True)
    pii = serializers.ChoiceField(
        choices=["mask", "drop_rows", "keep"], default="mask", help_text="What is done with personal data."
    )


class DatasetPreviewIn(StrictSerializer):
    rows = serializers.IntegerField(min_value=1, max_value=PREVIEW_ROWS_MAX, default=PREVIEW_ROWS)


class DatasetRefOut(serializers.ModelSerializer[DatasetVersion]):
    class Meta:
        model = DatasetVersion
        fields = ("id", "name", "version", "status", "sha256")


class DatasetOut(serializers.ModelSerializer[DatasetVersion]):
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    parent = DatasetRefOut(allow_null=True)
    created_by = serializers.CharField(source="created_by.username")
    uploaded_by = serializers.CharField(source="uploaded_by.username", default=None)
    storage_uri = serializers.CharField()

    class Meta:
        model = DatasetVersion
        fields = (
            "id",
            "name",
            "version",
            "type",
            "status",
            "owner_team",
            "project",
            "license",
            "description",
            "tags",
            "metadata",
            "parent",
            "derivation",
            "format",
            "sha256",
            "size_bytes",
            "row_count",
            "pii_status",
            "quality_score",
            "storage_uri",
            "created_by",
            "uploaded_by",
            "created_at",
            "updated_at",
        )


class DatasetColumnOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField(help_text='Such as "string", or "integer | number" where rows differ.')


class DatasetDetailOut(DatasetOut):
    schema = DatasetColumnOut(many=True)
    approvals = RequestAboutOut(many=True, help_text="Requests about it, newest first.")
    evidence = serializers.DictField(help_text="What the policies read of it: validation, and what other apps know.")
    lineage = LineageOut()

    class Meta(DatasetOut.Meta):
        fields = (*DatasetOut.Meta.fields, "schema", "approvals", "evidence", "lineage")


class DatasetPreviewOut(serializers.Serializer[Any]):
    rows = serializers.ListField(child=serializers.DictField(), help_text="The first rows, as they are.")
    row_count = serializers.IntegerField(help_text="Of the whole file.")
    schema = DatasetColumnOut(many=True)
    statistics = serializers.DictField(
        help_text="Per column: count, empty, distinct, length or value (min, mean, max), top_values of labels."
    )


class DatasetValidationOut(serializers.ModelSerializer[ValidationReport]):
    class Meta:
        model = ValidationReport
        fields = ("id", "sha256", "rows", "duplicates", "pii", "quality", "created_at")


class DatasetComparisonOut(serializers.Serializer[Any]):
    a = DatasetRefOut()
    b = DatasetRefOut()
    schema = serializers.DictField(help_text="added, removed and retyped columns.")
    rows = serializers.DictField(help_text="How many rows are same, added, removed and changed, and by which key.")
    columns = serializers.ListField(child=serializers.DictField(), help_text="Drift per column that both have.")
    pii = serializers.ListField(child=serializers.DictField(allow_null=True), help_text="Of a, of b.")
    quality = serializers.ListField(child=serializers.DictField(allow_null=True), help_text="Of a, of b.")


class DatasetCardOut(serializers.Serializer[Any]):
    metadata = serializers.DictField(help_text="As in the front matter of a Hugging Face dataset card.")
    markdown = serializers.CharField(help_text="The whole card, front matter included.")
