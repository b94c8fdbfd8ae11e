"""Shapes of the serving API."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.owners import OwnerIn, ProjectSlug
from apps.core.api.inputs import StrictSerializer
from apps.serving import selectors
from apps.serving.models import Endpoint, EndpointEvent, EndpointRevision, Server
from apps.serving.spec import DeploymentSpecIn, ScalingIn
from apps.serving.states import EndpointStatus, Environment
from apps.telemetry.selectors import events_of_endpoint, traffic

COST_WINDOW = timedelta(days=30)
TRAFFIC_WINDOW = timedelta(hours=24)
SHOWN_ENTRIES = 50


class PromptPolicyIn(StrictSerializer):
    template = serializers.CharField(max_length=100, help_text="Id of a prompt template, or its name on the team.")
    version = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="Default: the newest, from now on fixed."
    )
    label = serializers.SlugField(
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        help_text="Instead of a version: the one that it points to now, from now on fixed.",
    )


class DeployIn(DeploymentSpecIn, OwnerIn):
    """A DeploymentSpec and where it goes."""

    route_name = serializers.CharField(max_length=60, help_text="Lower-case letters, digits and hyphens.")
    environment = serializers.ChoiceField(choices=Environment.choices)
    backend = serializers.CharField(max_length=20, default="local", help_text="Where it runs: local.")
    prompt_policy = PromptPolicyIn(required=False, allow_null=True, default=None, help_text="Put every call into this.")
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class EndpointUpdateIn(StrictSerializer):
    scaling = ScalingIn(required=False)
    prompt_policy = PromptPolicyIn(required=False, allow_null=True, help_text="null takes the prompt away.")
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class EndpointReasonIn(StrictSerializer):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class EndpointRedeployIn(EndpointReasonIn):
    changes = serializers.DictField(
        required=False,
        default=dict,
        help_text="Fields of the DeploymentSpec that are to be others, such as model_ref or runtime.",
    )


class EndpointRollbackIn(EndpointReasonIn):
    revision = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="Default: the last other healthy one."
    )


class EndpointPromoteIn(EndpointReasonIn):
    route_name = serializers.CharField(max_length=60, help_text="Of the team's endpoint there, or of one to be made.")
    environment = serializers.ChoiceField(
        choices=Environment.choices, required=False, allow_null=True, default=None, help_text="Default: the next one."
    )


class EndpointFilter(StrictSerializer):
    environment = serializers.ChoiceField(choices=Environment.choices, required=False)
    model_id = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(
        choices=EndpointStatus.choices, required=False, help_text="Deleted ones are listed only when asked for."
    )
    owner_team = serializers.SlugField(required=False)
    q = serializers.CharField(required=False, help_text="Part of the route's name.")


class EndpointRevisionOut(serializers.ModelSerializer[EndpointRevision]):
    model = serializers.CharField(source="model_version", help_text="Name and version.")
    prompt = serializers.CharField(source="prompt_version", default=None)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = EndpointRevision
        fields = (
            "id",
            "number",
            "cause",
            "status",
            "model_version_id",
            "model",
            "model_digest",
            "prompt_version_id",
            "prompt",
            "spec",
            "runtime_image",
            "digest",
            "decision_id",
            "reason",
            "created_by",
            "created_at",
            "became_healthy_at",
        )


class EndpointOut(serializers.ModelSerializer[Endpoint]):
    owner_team = serializers.CharField(source="owner_team.slug")
    project = ProjectSlug()
    created_by = serializers.CharField(source="created_by.username")
    model_id = serializers.UUIDField(source="revision.model_version_id")
    model = serializers.CharField(source="revision.model_version", help_text="Name and version.")
    prompt = serializers.CharField(source="revision.prompt_version", default=None)
    revision = serializers.IntegerField(source="revision.number", help_text="That is wanted.")
    serving_revision = serializers.IntegerField(
        source="serving_revision.number", default=None, help_text="That answers, or will again once its server is back."
    )

    class Meta:
        model = Endpoint
        fields = (
            "id",
            "route_name",
            "environment",
            "backend",
            "owner_team",
            "project",
            "status",
            "status_reason",
            "wanted",
            "model_id",
            "model",
            "prompt",
            "revision",
            "serving_revision",
            "created_by",
            "created_at",
            "healthy_since",
        )


class EndpointServerOut(serializers.ModelSerializer[Server]):
    revision = serializers.IntegerField(source="revision.number")

    class Meta:
        model = Server
        fields = ("id", "revision", "status", "reason", "log_tail", "created_at", "ready_at", "ended_at")


class EndpointEventOut(serializers.ModelSerializer[EndpointEvent]):
    class Meta:
        model = EndpointEvent
        fields = ("at", "kind", "message")


class EndpointTrafficOut(serializers.Serializer[Any]):
    """The requests of the last 24 hours. Latencies are null where none was answered."""

    requests = serializers.IntegerField()
    failed = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    p50_ms = serializers.FloatField(allow_null=True)
    p95_ms = serializers.FloatField(allow_null=True)


class EndpointCostOut(serializers.Serializer[Any]):
    """What the requests of the last 30 days cost."""

    amount = serializers.DecimalField(max_digits=20, decimal_places=9)
    currency = serializers.CharField()


class EndpointWaitingOut(serializers.Serializer[Any]):
    """A revision that waits for approval."""

    revision = serializers.IntegerField(source="number")
    request_id = serializers.UUIDField(help_text="Of its approval request.")


class EndpointDetailOut(EndpointOut):
    health = serializers.JSONField(help_text="Of the last probes: checked_at, failures in a row.")
    trouble = serializers.CharField(help_text="Why the last step could not be taken; empty when it could.")
    runtime_image = serializers.CharField(source="revision.runtime_image")
    waiting = serializers.SerializerMethodField(help_text="The revision that waits for approval; null when none does.")
    revisions = serializers.SerializerMethodField()
    servers = serializers.SerializerMethodField()
    timeline = serializers.SerializerMethodField()
    traffic = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()

    class Meta(EndpointOut.Meta):
        fields = (
            *EndpointOut.Meta.fields,
            "health",
            "trouble",
            "runtime_image",
            "waiting",
            "revisions",
            "servers",
            "timeline",
            "traffic",
            "cost",
        )

    @extend_schema_field(EndpointWaitingOut(allow_null=True))
    def get_waiting(self, endpoint: Endpoint) -> Any:
        waiting = selectors.waiting_revision(endpoint)
        return EndpointWaitingOut(waiting).data if waiting else None

    @extend_schema_field(EndpointRevisionOut(many=True))
    def get_revisions(self, endpoint: Endpoint) -> Any:
        return EndpointRevisionOut(selectors.revisions_of(endpoint)[:SHOWN_ENTRIES], many=True).data

    @extend_schema_field(EndpointServerOut(many=True))
    def get_servers(self, endpoint: Endpoint) -> Any:
        return EndpointServerOut(selectors.servers_of(endpoint)[:SHOWN_ENTRIES], many=True).data

    @extend_schema_field(EndpointEventOut(many=True))
    def get_timeline(self, endpoint: Endpoint) -> Any:
        return EndpointEventOut(selectors.timeline_of(endpoint)[:SHOWN_ENTRIES], many=True).data

    @extend_schema_field(EndpointTrafficOut)
    def get_traffic(self, endpoint: Endpoint) -> Any:
        events = events_of_endpoint(endpoint.pk, since=timezone.now() - TRAFFIC_WINDOW)
        return EndpointTrafficOut(traffic(events)).data

    @extend_schema_field(EndpointCostOut)
    def get_cost(self, endpoint: Endpoint) -> Any:
        events = events_of_endpoint(endpoint.pk, since=timezone.now() - COST_WINDOW)
        amount = events.aggregate(amount=Sum("cost_usd", default=0))["amount"]
        return EndpointCostOut({"amount": amount, "currency": "USD"}).data


class DeploymentRenderOut(serializers.Serializer[Any]):
    """What a deployment turns into."""

    backend = serializers.CharField()
    image = serializers.CharField()
    spec = serializers.JSONField(help_text="The spec with every default written out.")
    native = serializers.JSONField(help_text="Of the local backend: argv, env and files of the process.")
