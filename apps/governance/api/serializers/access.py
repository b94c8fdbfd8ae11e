"""Shapes of access requests."""

from typing import Any

from rest_framework import serializers

from apps.accounts.owners import ProjectSlug
from apps.core.api.inputs import StrictSerializer
from apps.governance.models import AccessRequest
from apps.governance.shapes import RequestAboutOut
from apps.governance.states import AccessStatus


class AccessRequestIn(StrictSerializer):
    kind = serializers.CharField(max_length=20, help_text="role, object, key, limit.")
    details = serializers.DictField(help_text="What exactly: see `GET governance/access-kinds`.")
    reason = serializers.CharField(max_length=2000, help_text="Why; the approvers read it.")
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Until when; null for good.")


class AccessRequestFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=AccessStatus.choices, required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text="Only what the caller asked for.")


class AccessRequestOut(serializers.ModelSerializer[AccessRequest]):
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    requester = serializers.CharField(source="requester.username")
    beneficiary = serializers.CharField(source="beneficiary.username")

    class Meta:
        model = AccessRequest
        fields = (
            "id",
            "kind",
            "wish",
            "details",
            "owner_team",
            "project",
            "requester",
            "beneficiary",
            "reason",
            "status",
            "expires_at",
            "created_at",
            "collected_at",
        )


class AccessRequestDetailOut(AccessRequestOut):
    approvals = RequestAboutOut(many=True)

    class Meta(AccessRequestOut.Meta):
        fields = (*AccessRequestOut.Meta.fields, "approvals")


class WithdrawIn(StrictSerializer):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class CollectedKeyOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    prefix = serializers.CharField()
    token = serializers.CharField(help_text="The key itself. It is shown this once.")


class AccessKindOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    fields_of_details = serializers.DictField(child=serializers.CharField(), source="fields")
    may_end = serializers.BooleanField()


class AccessKindsOut(serializers.Serializer[Any]):
    kinds = AccessKindOut(many=True)
