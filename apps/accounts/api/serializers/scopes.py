"""Shapes of teams, projects, the roles on them, and service accounts."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import Membership, Project, Team, User
from apps.accounts.models.scopes import SCOPES
from apps.accounts.permissions import Role
from apps.core.api.inputs import StrictSerializer


class TeamOut(serializers.ModelSerializer[Team]):
    organisation = serializers.CharField(source="organisation.slug")
    roles = serializers.SerializerMethodField(help_text="Roles that the caller has on exactly it.")

    class Meta:
        model = Team
        fields = ("id", "slug", "name", "organisation", "roles")

    def get_roles(self, team: Team) -> list[str]:
        return sorted(membership.role for membership in team.own_memberships)  # type: ignore[attr-defined]


class TeamIn(StrictSerializer):
    organisation = serializers.SlugField(help_text="Its slug.")
    slug = serializers.SlugField(max_length=50, help_text="It stays for good: addresses hold it.")
    name = serializers.CharField(max_length=200)


class RenameIn(StrictSerializer):
    name = serializers.CharField(max_length=200)


class ProjectOut(serializers.ModelSerializer[Project]):
    team = serializers.CharField(source="team.slug")

    class Meta:
        model = Project
        fields = ("id", "team", "slug", "name")


class ProjectIn(StrictSerializer):
    team = serializers.SlugField(help_text="Slug of the team.")
    slug = serializers.SlugField(max_length=50, help_text="It stays for good: addresses hold it.")
    name = serializers.CharField(max_length=200)


class TeamFilter(StrictSerializer):
    team = serializers.SlugField(required=False, help_text="Slug of a team.")


class ScopeOut(serializers.Serializer[Any]):
    """What a role is held on."""

    kind = serializers.ChoiceField(choices=sorted(SCOPES.values()))
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()

    def to_representation(self, instance: Any) -> Any:
        given = {"kind": SCOPES[type(instance)], "id": instance.pk, "slug": instance.slug, "name": str(instance)}
        return super().to_representation(given)


class RoleOut(serializers.ModelSerializer[Membership]):
    user = serializers.CharField(source="user.username")
    scope = ScopeOut()
    given_by = serializers.CharField(source="given_by.username", default=None, allow_null=True)

    class Meta:
        model = Membership
        fields = ("id", "user", "role", "scope", "expires_at", "given_by", "given_at")


class RoleIn(StrictSerializer):
    """On exactly one of organisation, team and project."""

    user = serializers.CharField(help_text="User name.")
    role = serializers.ChoiceField(choices=Role.choices)
    organisation = serializers.SlugField(required=False, help_text="Slug: the role reaches each of its teams.")
    team = serializers.SlugField(required=False, help_text="Slug: the role reaches each of its projects.")
    project = serializers.UUIDField(required=False, help_text="Id of a project.")
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="It is not held from then on.")
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"organisation", "team", "project"}) != 1:
            raise serializers.ValidationError({"team": ["Name exactly one of organisation, team and project."]})
        return attrs


class RoleFilter(TeamFilter):
    user = serializers.CharField(required=False, help_text="User name.")
    role = serializers.ChoiceField(choices=Role.choices, required=False)


class ServiceAccountOut(serializers.ModelSerializer[User]):
    team = serializers.CharField(source="team.slug")
    name = serializers.CharField(source="label")

    class Meta:
        model = User
        fields = ("id", "username", "name", "team", "is_active", "date_joined")


class ServiceAccountIn(StrictSerializer):
    team = serializers.SlugField(help_text="Slug of the team that it belongs to.")
    name = serializers.CharField(max_length=60, help_text="Lower-case letters, digits and hyphens.")
    purpose = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")


class ServiceAccountPatch(StrictSerializer):
    is_active = serializers.BooleanField(help_text="false shuts it out: its keys are revoked and stay so.")
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class MeOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField(source="label")
    kind = serializers.CharField()
    is_superuser = serializers.BooleanField()
    teams = TeamOut(many=True)
    roles = RoleOut(many=True)
