"""Shapes of what every governed object shows about itself: lineage, and the requests about it with their verdicts."""

from typing import Any

from rest_framework import serializers

from apps.governance.models import Approval, ApprovalRequest


class LineageNodeOut(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text='Such as "modelversion".')
    id = serializers.UUIDField()
    page = serializers.CharField()
    status = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "label": serializers.CharField()}  # as an attribute it is a serializer's own


class LineageEdgeOut(serializers.Serializer[Any]):
    """Reads as a sentence: from "tuned into" to."""

    to = serializers.UUIDField()
    verb = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.UUIDField(), **super().get_fields()}  # no name that Python allows as an attribute


class LineageOut(serializers.Serializer[Any]):
    nodes = LineageNodeOut(many=True)
    edges = LineageEdgeOut(many=True)
    hidden = serializers.IntegerField(help_text="Neighbours that the caller may not see.")
    is_cut = serializers.BooleanField(help_text="Whether there is more than is shown.")


class VerdictAboutOut(serializers.ModelSerializer[Approval]):
    approver = serializers.CharField(source="approver.username")

    class Meta:
        model = Approval
        fields = ("approver", "verdict", "comment", "digest", "at", "voided_at")


class RequestAboutOut(serializers.ModelSerializer[ApprovalRequest]):
    requester = serializers.CharField(source="requester.username")
    approvals = VerdictAboutOut(many=True)

    class Meta:
        model = ApprovalRequest
        fields = (
            "id",
            "transition",
            "status",
            "digest",
            "reason",
            "requester",
            "approvals_needed",
            "created_at",
            "due_at",
            "closed_at",
            "approvals",
        )
