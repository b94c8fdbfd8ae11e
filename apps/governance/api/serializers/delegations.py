"""Shapes of standing in for an approver."""

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Delegation


class DelegationIn(StrictSerializer):
    delegate = serializers.CharField(help_text="User name of who stands in.")
    team = serializers.SlugField(help_text="On whose requests.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="At most 90 days later.")
    reason = serializers.CharField(max_length=500)


class DelegationOut(serializers.ModelSerializer[Delegation]):
    delegator = serializers.CharField(source="delegator.username")
    delegate = serializers.CharField(source="delegate.username")
    team = serializers.CharField(source="team.slug")
    is_in_force = serializers.BooleanField()

    class Meta:
        model = Delegation
        fields = (
            "id",
            "delegator",
            "delegate",
            "team",
            "starts_at",
            "ends_at",
            "reason",
            "created_at",
            "revoked_at",
            "is_in_force",
        )
