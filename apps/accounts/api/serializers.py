"""Shapes of the accounts API."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import ApiKey, Team
from apps.core.api.inputs import StrictSerializer


class TeamOut(serializers.ModelSerializer[Team]):
    organisation = serializers.CharField(source="organisation.slug")
    roles = serializers.SerializerMethodField(help_text="Roles that the caller has on it.")

    class Meta:
        model = Team
        fields = ("id", "slug", "name", "organisation", "roles")

    def get_roles(self, team: Team) -> list[str]:
        return sorted(membership.role for membership in team.own_memberships)  # type: ignore[attr-defined]


class MeOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField(source="label")
    kind = serializers.CharField()
    is_superuser = serializers.BooleanField()
    teams = TeamOut(many=True)


class ApiKeyIn(StrictSerializer):
    name = serializers.CharField(max_length=100, help_text="What the key is for.")
    scopes = serializers.ListField(child=serializers.CharField(), min_length=1)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class ApiKeyOut(serializers.ModelSerializer[ApiKey]):
    is_live = serializers.BooleanField(read_only=True)

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "name",
            "prefix",
            "scopes",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "is_live",
        )


class NewApiKeyOut(ApiKeyOut):
    token = serializers.CharField(help_text="The key itself. It is shown this once.")

    class Meta(ApiKeyOut.Meta):
        fields = (*ApiKeyOut.Meta.fields, "token")
