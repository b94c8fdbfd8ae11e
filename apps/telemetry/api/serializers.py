"""Shapes of the records of requests: what may be asked of their list, and what one holds."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.telemetry.models import RequestEvent


class RequestFilter(StrictSerializer):
    route = serializers.CharField(required=False)
    owner_team = serializers.SlugField(required=False, help_text="Slug of the team that owns the route.")
    user = serializers.CharField(required=False, help_text="Who called, by user name.")
    model_version_id = serializers.UUIDField(required=False)
    endpoint_id = serializers.UUIDField(required=False)
    surface = serializers.ChoiceField(choices=RequestEvent.Surface.choices, required=False)
    outcome = serializers.ChoiceField(choices=RequestEvent.Outcome.choices, required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Not included.")


class CheckOut(serializers.Serializer[Any]):
    check = serializers.CharField()
    passed = serializers.BooleanField()
    detail = serializers.CharField()


class RequestOut(serializers.ModelSerializer[RequestEvent]):
    """The record of one request. Ids name what answered; the chain behind it is its provenance."""

    owner_team = serializers.CharField(source="team.slug", allow_null=True, default=None, help_text="Of the route.")
    user = serializers.CharField(source="user.username", allow_null=True, default=None)
    provenance = serializers.SerializerMethodField(help_text="Where the chain behind the answer is.")

    class Meta:
        model = RequestEvent
        fields = (
            "id",
            "client_request_id",
            "at",
            "route",
            "owner_team",
            "user",
            "api_key_id",
            "surface",
            "stream",
            "status",
            "outcome",
            "error",
            "endpoint_id",
            "revision_id",
            "model_version_id",
            "model",
            "prompt_version_id",
            "prompt_tokens",
            "completion_tokens",
            "tokens_estimated",
            "latency_ms",
            "first_token_ms",
            "cost_usd",
            "provenance",
        )

    @extend_schema_field(serializers.CharField())
    def get_provenance(self, event: RequestEvent) -> str:
        return f"/llm-ops/v1/serve/requests/{event.id}/provenance"


class RequestDetailOut(RequestOut):
    decisions = CheckOut(many=True, help_text="What was decided on the way.")
    content = serializers.JSONField(allow_null=True, help_text="Messages and answer, only where a policy keeps them.")

    class Meta(RequestOut.Meta):
        fields = (*RequestOut.Meta.fields, "decisions", "content")
