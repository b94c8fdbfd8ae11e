"""Shapes of waivers."""

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Waiver
from apps.governance.states import WaiverStatus


class WaiverOut(serializers.ModelSerializer[Waiver]):
    policy = serializers.CharField(source="policy_key")
    owner_team = serializers.CharField(source="owner_team.slug")
    subject_kind = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username")
    standing = serializers.CharField(help_text="The status as of now: an active one whose time is over is expired.")

    class Meta:
        model = Waiver
        fields = (
            "id",
            "policy",
            "rule",
            "subject_kind",
            "subject_id",
            "subject_label",
            "owner_team",
            "reason",
            "status",
            "standing",
            "expires_at",
            "created_by",
            "created_at",
        )


class WaiverIn(StrictSerializer):
    owner_team = serializers.SlugField(help_text="The team whose objects it is about.")
    policy = serializers.SlugField(help_text="The `id` of a policy in force.")
    rule = serializers.CharField(max_length=60, help_text="The `id` of one of its rules.")
    subject_kind = serializers.CharField(help_text='Such as "modelversion".')
    subject_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Default: every object of that kind of the team."
    )
    expires_at = serializers.DateTimeField(help_text="At most 90 days from now.")
    reason = serializers.CharField(max_length=2000)


class WaiverFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=WaiverStatus.choices, required=False)
    policy = serializers.SlugField(required=False)
    subject_id = serializers.UUIDField(required=False)


class RevokeIn(StrictSerializer):
    reason = serializers.CharField(max_length=2000)
