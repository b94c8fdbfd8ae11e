"""Shapes of policies and of what they decided."""

from typing import Any

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Decision, PolicyVersion


class DecisionOut(serializers.ModelSerializer[Decision]):
    actor = serializers.CharField(source="actor.username")
    subject_kind = serializers.CharField()

    class Meta:
        model = Decision
        fields = (
            "id",
            "at",
            "actor",
            "transition",
            "allowed",
            "subject_kind",
            "subject_id",
            "subject_label",
            "subject_digest",
            "facts",
            "facts_digest",
            "results",
            "latency_us",
        )


class PolicyVersionOut(serializers.ModelSerializer[PolicyVersion]):
    key = serializers.CharField(source="policy.key")
    title = serializers.CharField(source="policy.title")
    owner_team = serializers.CharField(source="owner_team.slug")
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = PolicyVersion
        fields = (
            "id",
            "key",
            "title",
            "number",
            "status",
            "mode",
            "digest",
            "owner_team",
            "created_by",
            "created_at",
            "source",
            "document",
        )


class PolicyIn(StrictSerializer):
    owner_team = serializers.SlugField(help_text="The team that owns a new policy.")
    source = serializers.CharField(help_text="The YAML document.", trim_whitespace=False)


class PolicySourceIn(StrictSerializer):
    source = serializers.CharField(help_text="The YAML document.", trim_whitespace=False)


class PolicyTestOut(serializers.Serializer[Any]):
    tests = serializers.IntegerField(help_text="How many tests ran; all passed.")
    rules = serializers.ListField(child=serializers.CharField())


class DecisionFilter(StrictSerializer):
    allowed = serializers.BooleanField(required=False, allow_null=True, default=None)
    subject_id = serializers.UUIDField(required=False)
    transition = serializers.CharField(required=False)
