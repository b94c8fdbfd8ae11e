"""Shapes of who may do what to one object, and of grants on it."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import ObjectGrant
from apps.accounts.permissions import Permission
from apps.core.api.inputs import StrictSerializer


class ObjectIn(StrictSerializer):
    kind = serializers.CharField(help_text='Such as "modelversion", "datasetversion" or "endpoint".')
    id = serializers.UUIDField()


class GrantIn(ObjectIn):
    user = serializers.CharField(help_text="User name.")
    permission = serializers.ChoiceField(choices=Permission.choices)
    effect = serializers.ChoiceField(choices=ObjectGrant.Effect.choices, default=ObjectGrant.Effect.ALLOW.value)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="It ends by itself then.")
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class GrantOut(serializers.Serializer[ObjectGrant]):
    id = serializers.IntegerField()
    user = serializers.CharField(source="user.username")
    permission = serializers.CharField(source="verb")
    effect = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    given_by = serializers.CharField(source="given_by.username", default=None, allow_null=True)
    given_at = serializers.DateTimeField()


class ReasonOut(serializers.Serializer[Any]):
    why = serializers.CharField(source="words", help_text='Such as "engineer of Voice of the customer".')
    permissions = serializers.ListField(child=serializers.CharField())
    denies = serializers.BooleanField()
    until = serializers.DateTimeField(allow_null=True)
    grant_id = serializers.IntegerField(source="grant.id", default=None, allow_null=True)


class PersonAccessOut(serializers.Serializer[Any]):
    user = serializers.CharField(source="user.username")
    may = serializers.ListField(
        child=serializers.CharField(), source="permissions", help_text="All reasons considered."
    )
    reasons = ReasonOut(many=True)


class AccessOut(serializers.Serializer[Any]):
    """Administrators are listed only where they hold a role, or a grant says something else."""

    may_manage = serializers.BooleanField(help_text="Whether the caller may grant and deny.")
    people = PersonAccessOut(many=True)
