"""Shapes of the audit trail."""

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import AuditEvent


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


class AuditFilter(StrictSerializer):
    actor = serializers.CharField(required=False, help_text="User name.")
    action = serializers.CharField(required=False, help_text='Such as "modelversion.approve", or its beginning.')
    subject_kind = serializers.CharField(required=False)
    subject_id = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
