"""Shapes of the audit trail and of what proves it."""

import base64
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance import outside
from apps.governance.models import AuditAlarm, AuditCopy, AuditEvent

SIZE_MAX = 10**15


class Base64Field(serializers.Field):
    """Bytes, in base64."""

    def to_representation(self, value: Any) -> str:
        return base64.b64encode(bytes(value)).decode()


HashField = extend_schema_field(serializers.CharField())(Base64Field)


class AuditEventOut(serializers.ModelSerializer[AuditEvent]):
    actor = serializers.CharField(source="actor.username")
    subject_kind = serializers.CharField()
    team = serializers.CharField(source="team.slug", default=None)
    leaf_index = serializers.IntegerField(allow_null=True, help_text="Its place in the sealed log; null until sealed.")

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
            "leaf_index",
        )


class AuditFilter(StrictSerializer):
    actor = serializers.CharField(required=False, help_text="User name.")
    who = serializers.CharField(required=False, help_text="A part of the name by which the actor was known then.")
    action = serializers.CharField(required=False, help_text='Such as "modelversion.approve", or its beginning.')
    subject_kind = serializers.CharField(required=False)
    subject_id = serializers.UUIDField(required=False)
    team = serializers.CharField(required=False, help_text="Its short name.")
    q = serializers.CharField(required=False, help_text="A part of the subject's name.")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class Sizes(StrictSerializer):
    to = serializers.IntegerField(
        required=False, min_value=1, max_value=SIZE_MAX, help_text="Size of the later checkpoint; default: the newest."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add `from`, which cannot be the name of an attribute."""
        earlier = serializers.IntegerField(min_value=1, max_value=SIZE_MAX, help_text="Size of the earlier checkpoint.")
        return {"from": earlier, **super().get_fields()}


class AuditProofOut(serializers.Serializer[Any]):
    event_id = serializers.UUIDField(source="event.pk")
    leaf_index = serializers.IntegerField(source="leaf.index")
    tree_size = serializers.IntegerField(source="checkpoint.size")
    canonical = serializers.CharField(
        source="event.canonical", help_text="The event as it was sealed. The leaf is the SHA-256 of a zero byte and it."
    )
    leaf_hash = HashField(source="leaf.hash")
    path = serializers.ListField(child=HashField(), help_text="From the leaf up to the root, RFC 6962, section 2.1.1.")
    checkpoint = serializers.CharField(source="checkpoint.note", help_text="A signed note, C2SP tlog-checkpoint.")
    key = serializers.SerializerMethodField(help_text="The log's public key. Have it from somewhere else, too.")

    def get_key(self, _: object) -> str:
        return outside.signer().verifier_key


class ConsistencyOut(serializers.Serializer[Any]):
    first = serializers.CharField(source="first.note", help_text="The earlier checkpoint, a signed note.")
    second = serializers.CharField(source="second.note", help_text="The later one.")
    path = serializers.ListField(child=HashField(), help_text="RFC 6962, section 2.1.2.")
    key = serializers.SerializerMethodField()

    def get_key(self, _: object) -> str:
        return outside.signer().verifier_key


class CopyOut(serializers.ModelSerializer[AuditCopy]):
    class Meta:
        model = AuditCopy
        fields = ("name", "kind", "size", "copied_at", "error", "cosignature")


class AlarmOut(serializers.ModelSerializer[AuditAlarm]):
    class Meta:
        model = AuditAlarm
        fields = ("source", "message", "raised_at")


class SealOut(serializers.Serializer[Any]):
    size = serializers.IntegerField(help_text="How many events are sealed.")
    checkpoint = serializers.CharField(source="checkpoint.note", default=None, allow_null=True)
    signed_at = serializers.DateTimeField(source="checkpoint.at", default=None, allow_null=True)
    waiting = serializers.IntegerField(help_text="Events that are not sealed yet, counted up to 10,000.")
    lag_s = serializers.FloatField(help_text="How long the oldest of them has waited.")
    key = serializers.SerializerMethodField(help_text="The log's public key, as tools for signed notes take it.")
    copies = CopyOut(many=True)
    alarms = AlarmOut(many=True, help_text="Why no checkpoint is signed, if none is.")

    def get_key(self, _: object) -> str:
        return outside.signer().verifier_key
