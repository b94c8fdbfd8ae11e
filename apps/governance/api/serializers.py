"""Shapes of the governance API."""

from typing import Any

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Approval, ApprovalRequest, AuditEvent, Decision, PolicyVersion


class ApprovalOut(serializers.ModelSerializer[Approval]):
    approver = serializers.CharField(source="approver.username")

    class Meta:
        model = Approval
        fields = ("id", "approver", "verdict", "comment", "digest", "at", "voided_at")


class ApprovalRequestOut(serializers.ModelSerializer[ApprovalRequest]):
    requester = serializers.CharField(source="requester.username")
    owner_team = serializers.CharField(source="owner_team.slug")
    subject_kind = serializers.CharField()
    approvals_given = serializers.IntegerField(default=None)

    class Meta:
        model = ApprovalRequest
        fields = (
            "id",
            "subject_kind",
            "subject_id",
            "subject_label",
            "owner_team",
            "transition",
            "status",
            "digest",
            "reason",
            "requester",
            "approvals_needed",
            "approvals_given",
            "created_at",
            "due_at",
            "closed_at",
            "decision_id",
        )


class ApprovalRequestDetailOut(ApprovalRequestOut):
    approvals = ApprovalOut(many=True)

    class Meta(ApprovalRequestOut.Meta):
        fields = (*ApprovalRequestOut.Meta.fields, "manifest", "approvals")


class RequestIn(StrictSerializer):
    subject_kind = serializers.CharField(help_text='Such as "modelversion" or "datasetversion".')
    subject_id = serializers.UUIDField()
    transition = serializers.CharField(default="approve")
    reason = serializers.CharField(max_length=2000)


class VerdictIn(StrictSerializer):
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ApproveIn(VerdictIn):
    seen_digest = serializers.CharField(
        max_length=71, required=False, default="", help_text="The request's digest that the approver looked at."
    )


class RejectIn(StrictSerializer):
    comment = serializers.CharField(max_length=2000, help_text="Why; the requester reads it.")


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


class AuditEventOut(serializers.ModelSerializer[AuditEvent]):
    actor = serializers.CharField(source="actor.username")
    subject_kind = serializers.CharField()
    team = serializers.CharField(source="team.slug", default=None)

    class Meta:
        model = AuditEvent
        fields = (
            "id",
            "at",
            "actor",
            "actor_label",
            "action",
            "subject_kind",
            "subject_id",
            "subject_label",
            "team",
            "before",
            "after",
            "reason",
            "request_id",
            "digest",
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


class RequestFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=["open", "executed", "rejected", "withdrawn"], required=False)
    subject_id = serializers.UUIDField(required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text="Only those that wait for the caller.")


class AuditFilter(StrictSerializer):
    actor = serializers.CharField(required=False, help_text="User name.")
    action = serializers.CharField(required=False, help_text='Such as "modelversion.approve", or its beginning.')
    subject_kind = serializers.CharField(required=False)
    subject_id = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
