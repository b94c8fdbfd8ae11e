"""Shapes of webhooks and of what was sent to them. No shape but one holds a secret."""

from typing import Any

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import WebhookDelivery, WebhookSubscription
from apps.governance.states import DeliveryStatus, WebhookStatus

EVENTS_HELP = 'Actions of the audit trail: "approvalrequest.open", all of a scope "modelversion.*", or every one "*".'


class WebhookOut(serializers.ModelSerializer[WebhookSubscription]):
    owner_team = serializers.CharField(source="owner_team.slug")
    created_by = serializers.CharField(source="created_by.username")
    status = serializers.ChoiceField(choices=WebhookStatus.choices)

    class Meta:
        model = WebhookSubscription
        fields = (
            "id",
            "name",
            "url",
            "events",
            "owner_team",
            "is_enabled",
            "status",
            "disabled_because",
            "failing_since",
            "last_delivered_at",
            "old_secret_until",
            "created_by",
            "created_at",
        )


class NewWebhookOut(WebhookOut):
    secret = serializers.CharField(help_text="What messages are signed with. It is shown this once.")

    class Meta(WebhookOut.Meta):
        fields = (*WebhookOut.Meta.fields, "secret")


class WebhookIn(StrictSerializer):
    owner_team = serializers.SlugField(help_text="The team whose events are sent.")
    name = serializers.CharField(max_length=100, help_text="What listens there.")
    url = serializers.CharField(max_length=2000)
    events = serializers.ListField(child=serializers.CharField(max_length=100), help_text=EVENTS_HELP)


class WebhookChangeIn(StrictSerializer):
    name = serializers.CharField(max_length=100, required=False)
    url = serializers.CharField(max_length=2000, required=False)
    events = serializers.ListField(child=serializers.CharField(max_length=100), required=False, help_text=EVENTS_HELP)
    is_enabled = serializers.BooleanField(required=False)


class DeliveryOut(serializers.ModelSerializer[WebhookDelivery]):
    webhook_id = serializers.UUIDField(source="subscription_id")

    class Meta:
        model = WebhookDelivery
        fields = (
            "id",
            "webhook_id",
            "event_id",
            "event_type",
            "status",
            "attempts",
            "created_at",
            "next_attempt_at",
            "last_attempt_at",
            "delivered_at",
            "answer_status",
            "answer_excerpt",
            "answer_ms",
            "trouble",
            "body",
        )


class DeliveryFilter(StrictSerializer):
    status = serializers.ChoiceField(choices=DeliveryStatus.choices, required=False)
    event_type = serializers.CharField(required=False)


class WebhookReplayIn(StrictSerializer):
    since = serializers.DateTimeField(help_text="Events from then on are sent again; at most 30 days back.")


class WebhookReplayOut(serializers.Serializer[Any]):
    deliveries = serializers.IntegerField(help_text="How many are on their way.")


class DeletedOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
