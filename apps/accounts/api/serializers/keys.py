"""Shapes of API keys."""

from rest_framework import serializers

from apps.accounts.models import ApiKey
from apps.accounts.services.keys import OVERLAP_HOURS, OVERLAP_HOURS_MOST
from apps.core.api.inputs import StrictSerializer


class ApiKeyIn(StrictSerializer):
    name = serializers.CharField(max_length=100, help_text="What the key is for.")
    scopes = serializers.ListField(child=serializers.CharField(), min_length=1)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    networks = serializers.ListField(
        child=serializers.CharField(max_length=43),
        required=False,
        max_length=50,
        help_text='Where it may be used from, such as "203.0.113.0/24"; left out, from anywhere.',
    )
    owner = serializers.CharField(
        required=False, help_text="User name of a service account that it is for; left out, of the caller."
    )


class ApiKeyRotateIn(StrictSerializer):
    overlap_hours = serializers.IntegerField(
        default=OVERLAP_HOURS, help_text=f"How long the old key lives on: 0 to {OVERLAP_HOURS_MOST} hours."
    )


class ApiKeyOut(serializers.ModelSerializer[ApiKey]):
    owner = serializers.CharField(source="user.username")
    is_live = serializers.BooleanField(read_only=True)

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "name",
            "prefix",
            "owner",
            "scopes",
            "networks",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "replaces",
            "is_live",
        )


class NewApiKeyOut(ApiKeyOut):
    token = serializers.CharField(help_text="The key itself. It is shown this once.")

    class Meta(ApiKeyOut.Meta):
        fields = (*ApiKeyOut.Meta.fields, "token")
