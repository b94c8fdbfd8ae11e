"""Shapes of approval requests and verdicts."""

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Approval, ApprovalRequest


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


class RequestFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=["open", "executed", "rejected", "withdrawn"], required=False)
    subject_id = serializers.UUIDField(required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text="Only those that wait for the caller.")
