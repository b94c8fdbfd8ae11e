"""Shapes of notices."""

from typing import Any

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Notice


class NoticeOut(serializers.ModelSerializer[Notice]):
    class Meta:
        model = Notice
        fields = ("id", "kind", "title", "body", "url", "subject_id", "created_at", "read_at")


class NoticeFilter(StrictSerializer):
    unread = serializers.BooleanField(required=False, default=False, help_text="Only those that are not read yet.")


class MarkedOut(serializers.Serializer[Any]):
    marked = serializers.IntegerField(help_text="How many were not read before.")


class PreferenceIn(StrictSerializer):
    by_email = serializers.BooleanField()


class PreferenceOut(serializers.Serializer[Any]):
    by_email = serializers.BooleanField(help_text="Whether notices come by email too, where the portal sends any.")
