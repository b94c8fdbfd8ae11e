"""Shapes of the prompts API."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.owners import OwnerIn, ProjectSlug
from apps.core.api.inputs import StrictSerializer
from apps.core.web.differences import line_diff
from apps.prompts.models import MAX_TEXT_CHARS, LabelChange, PromptLabel, PromptTemplate, PromptVersion
from apps.prompts.selectors import waiting_changes


class PromptVersionOut(serializers.ModelSerializer[PromptVersion]):
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = PromptVersion
        fields = ("id", "number", "system", "user", "variables", "digest", "notes", "created_by", "created_at")


class PromptLabelOut(serializers.ModelSerializer[PromptLabel]):
    version = serializers.IntegerField(source="version.number", help_text="That it points to.")

    class Meta:
        model = PromptLabel
        fields = ("name", "version", "moved_at")


class LabelChangeOut(serializers.ModelSerializer[LabelChange]):
    """A change of a label: made, or waiting for the approvals of its request."""

    label = serializers.CharField(source="name")
    from_version = serializers.IntegerField(source="from_version.number", allow_null=True, default=None)
    to_version = serializers.IntegerField(
        source="to_version.number", allow_null=True, default=None, help_text="Null where the label is taken off."
    )
    request_id = serializers.UUIDField(
        allow_null=True, default=None, help_text="Of its approval request; null when it needs none."
    )
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = LabelChange
        fields = (
            "id",
            "label",
            "from_version",
            "to_version",
            "status",
            "reason",
            "request_id",
            "created_by",
            "created_at",
        )


class PromptTemplateOut(serializers.ModelSerializer[PromptTemplate]):
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    created_by = serializers.CharField(source="created_by.username")
    last_version = serializers.IntegerField(source="last_number")
    variables = serializers.ListField(
        child=serializers.CharField(), source="last_variables", help_text="Of the newest version."
    )

    class Meta:
        model = PromptTemplate
        fields = (
            "id",
            "name",
            "description",
            "owner_team",
            "project",
            "last_version",
            "variables",
            "created_by",
            "created_at",
        )


class PromptTemplateDetailOut(PromptTemplateOut):
    versions = PromptVersionOut(many=True, help_text="Newest first.")
    labels = PromptLabelOut(many=True, help_text="Names that point to versions, such as production.")
    waiting = serializers.SerializerMethodField(help_text="Changes of labels that wait for approval.")

    class Meta(PromptTemplateOut.Meta):
        fields = (*PromptTemplateOut.Meta.fields, "versions", "labels", "waiting")

    @extend_schema_field(LabelChangeOut(many=True))
    def get_waiting(self, template: PromptTemplate) -> Any:
        return LabelChangeOut(waiting_changes(template), many=True).data


class LabelMoveIn(StrictSerializer):
    version = serializers.IntegerField(min_value=1, help_text="Number of the version that it is to point to.")
    reason = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default="", help_text="Why; approvers read it."
    )


class LabelRemoval(StrictSerializer):
    reason = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default="", help_text="Why; approvers read it."
    )


class PromptTextIn(StrictSerializer):
    system = serializers.CharField(
        max_length=MAX_TEXT_CHARS,
        required=False,
        allow_blank=True,
        default="",
        trim_whitespace=False,
        help_text="System message; may hold variables.",
    )
    user = serializers.CharField(
        max_length=MAX_TEXT_CHARS, trim_whitespace=False, help_text="User message; may hold variables: {{ name }}."
    )
    notes = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default="", help_text="What changed, and why."
    )


class PromptTemplateIn(PromptTextIn, OwnerIn):
    name = serializers.SlugField(max_length=100, help_text="Letters, digits, - and _.")
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class PromptTemplateFilter(StrictSerializer):
    owner_team = serializers.SlugField(required=False)
    q = serializers.CharField(required=False, help_text="Words in name or description.")


class PromptRollbackIn(StrictSerializer):
    version = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="Default: the one before the newest."
    )
    notes = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class PromptRenderIn(StrictSerializer):
    version = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="Default: the newest."
    )
    label = serializers.SlugField(
        max_length=60, required=False, allow_blank=True, default="", help_text="Instead of a version: where it points."
    )
    variables = serializers.DictField(
        required=False, default=dict, help_text="Name to value; text or a number for each variable of the prompt."
    )


class PromptMessageOut(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=["system", "user"])
    content = serializers.CharField()


class PromptRenderOut(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    digest = serializers.CharField()
    messages = PromptMessageOut(many=True)


class PromptLineOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["same", "removed", "added"])
    before = serializers.IntegerField(allow_null=True, help_text="Line number in the old text.")
    after = serializers.IntegerField(allow_null=True, help_text="Line number in the new text.")
    text = serializers.CharField(allow_blank=True)


class PromptComparisonOut(serializers.Serializer[Any]):
    """What differs between version `a` and version `b`; of a text that is the same there are no lines."""

    a = PromptVersionOut()
    b = PromptVersionOut()
    system = PromptLineOut(many=True)
    user = PromptLineOut(many=True)
    variables_added = serializers.ListField(child=serializers.CharField())
    variables_removed = serializers.ListField(child=serializers.CharField())


def comparison_of(a: PromptVersion, b: PromptVersion) -> dict[str, Any]:
    """Return the comparison of two versions as `PromptComparisonOut` describes it."""
    return {
        "a": PromptVersionOut(a).data,
        "b": PromptVersionOut(b).data,
        "system": _lines(a.system, b.system),
        "user": _lines(a.user, b.user),
        "variables_added": [name for name in b.variables if name not in a.variables],
        "variables_removed": [name for name in a.variables if name not in b.variables],
    }


def _lines(before: str, after: str) -> list[dict[str, Any]]:
    passages = line_diff(before, after, context=MAX_TEXT_CHARS)
    return [asdict(line) for passage in passages for line in passage]
