"""Shapes of approval requests and verdicts."""

from typing import Any

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Approval, ApprovalBatch, ApprovalRequest
from apps.governance.states import RequestStatus


class ApprovalOut(serializers.ModelSerializer[Approval]):
    approver = serializers.CharField(source="approver.username")
    on_behalf_of = serializers.CharField(source="delegation.delegator.username", default=None)

    class Meta:
        model = Approval
        fields = ("id", "approver", "on_behalf_of", "verdict", "credential", "comment", "digest", "at", "voided_at")


class DemandOut(serializers.Serializer[Any]):
    """Approvals that are asked for, and how far they are there."""

    role = serializers.CharField(source="requirement.role")
    needed = serializers.IntegerField(source="requirement.count")
    because = serializers.CharField(source="requirement.because", help_text="The policy that asks for them.")
    given = serializers.IntegerField()
    missing = serializers.IntegerField()
    could_give = serializers.SerializerMethodField(help_text="Some of the people who could give what is missing.")

    def get_could_give(self, demand: Any) -> list[str]:
        return [person.username for person in demand.could_give]


class NotCountedOut(serializers.Serializer[Any]):
    approval_id = serializers.UUIDField()
    why = serializers.CharField()


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
            "batch_id",
        )


class ApprovalRequestDetailOut(ApprovalRequestOut):
    approvals = ApprovalOut(many=True)

    demands = DemandOut(many=True)
    not_counted = NotCountedOut(many=True)

    class Meta(ApprovalRequestOut.Meta):
        fields = (*ApprovalRequestOut.Meta.fields, "manifest", "approvals", "demands", "not_counted")


class RequestIn(StrictSerializer):
    subject_kind = serializers.CharField(help_text='Such as "modelversion" or "datasetversion".')
    subject_id = serializers.UUIDField()
    transition = serializers.CharField(default="approve")
    reason = serializers.CharField(max_length=2000)
    due_at = serializers.DateTimeField(required=False, default=None, allow_null=True, help_text="In a week, if empty.")


class VerdictIn(StrictSerializer):
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ApproveIn(VerdictIn):
    seen_digest = serializers.CharField(
        max_length=71, required=False, default="", help_text="The request's digest that the approver looked at."
    )


class RejectIn(StrictSerializer):
    comment = serializers.CharField(max_length=2000, help_text="Why; the requester reads it.")
    seen_digest = serializers.CharField(max_length=71, required=False, default="")


class RequestFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=RequestStatus.values, required=False)
    subject_id = serializers.UUIDField(required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text="Only those that wait for the caller.")


class BatchIn(StrictSerializer):
    subject_kind = serializers.CharField(help_text='Such as "modelversion" or "datasetversion".')
    subject_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=500)
    transition = serializers.CharField(default="approve")
    reason = serializers.CharField(max_length=2000)
    due_at = serializers.DateTimeField(required=False, default=None, allow_null=True)


class BatchVerdictIn(StrictSerializer):
    seen_digest = serializers.CharField(max_length=71, help_text="The batch's digest that the approver looked at.")
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class BatchRejectIn(BatchVerdictIn):
    comment = serializers.CharField(max_length=2000, help_text="Why; the requester reads it.")


class BatchOut(serializers.ModelSerializer[ApprovalBatch]):
    requester = serializers.CharField(source="requester.username")
    owner_team = serializers.CharField(source="owner_team.slug")
    size = serializers.IntegerField(help_text="How many requests it has.")
    open = serializers.IntegerField(help_text="How many of them wait for a verdict.")

    class Meta:
        model = ApprovalBatch
        fields = ("id", "transition", "reason", "requester", "owner_team", "size", "open", "created_at")


class BatchDetailOut(BatchOut):
    digest = serializers.CharField(help_text="Of everything that is asked for in it.")
    requests = ApprovalRequestOut(many=True)

    class Meta(BatchOut.Meta):
        fields = (*BatchOut.Meta.fields, "digest", "requests")
