"""Shapes of moves made by breaking the glass."""

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import EmergencyMove
from apps.governance.states import EmergencyVerdict

REASON_CHARS_MIN = 20


class EmergencyIn(StrictSerializer):
    subject_kind = serializers.CharField(help_text='Such as "modelversion".')
    subject_id = serializers.UUIDField()
    transition = serializers.CharField(help_text='The gated move to make, such as "approve".')
    reason = serializers.CharField(
        min_length=REASON_CHARS_MIN,
        max_length=2000,
        help_text="What happens if it is not done now. Everybody reads it.",
    )


class EmergencyReviewIn(StrictSerializer):
    verdict = serializers.ChoiceField(choices=EmergencyVerdict.choices)
    comment = serializers.CharField(max_length=2000)


class EmergencyFilter(StrictSerializer):
    reviewed = serializers.BooleanField(required=False, allow_null=True, default=None)


class EmergencyOut(serializers.ModelSerializer[EmergencyMove]):
    actor = serializers.CharField(source="actor.username")
    owner_team = serializers.CharField(source="owner_team.slug")
    subject_kind = serializers.CharField()
    policies_allowed = serializers.BooleanField(source="decision.allowed")
    reviewed_by = serializers.CharField(source="reviewed_by.username", default=None)

    class Meta:
        model = EmergencyMove
        fields = (
            "id",
            "subject_kind",
            "subject_id",
            "subject_label",
            "owner_team",
            "transition",
            "digest",
            "actor",
            "reason",
            "decision_id",
            "policies_allowed",
            "at",
            "review_due_at",
            "reviewed_by",
            "reviewed_at",
            "verdict",
            "review_comment",
        )
