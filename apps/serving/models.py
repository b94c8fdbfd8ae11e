"""Endpoints: a named route with a target; each deployment of it is an immutable revision, run by servers."""

from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse

from apps.accounts.models import ObjectGrant, Owned, User
from apps.catalog.models import ModelVersion
from apps.core.ids import new_id
from apps.core.reconcile import Reconcilable
from apps.governance.models import ApprovalRequest
from apps.governance.states import ChangeStatus
from apps.prompts.models import PromptVersion
from apps.serving.states import Cause, EndpointStatus, Environment, ServerStatus, Wanted


class Endpoint(Reconcilable, Owned):
    """A route that applications call. What answers is its serving revision; what is wanted is its revision."""

    GRANTS = "grants"

    waits_for: ApprovalRequest | None = None  # not kept: set by the verb that asked, on the endpoint that it returns

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    route_name = models.SlugField(max_length=60, help_text="What callers put in the URL or in `model`.")
    environment = models.CharField(max_length=5, choices=Environment.choices)
    backend = models.CharField(max_length=12, default="local")
    wanted = models.CharField(max_length=8, choices=Wanted.choices, default=Wanted.SERVE)
    status = models.CharField(max_length=12, choices=EndpointStatus.choices, default=EndpointStatus.PENDING)
    status_reason = models.TextField(blank=True)
    revision = models.ForeignKey(
        "EndpointRevision",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="That is wanted.",
    )
    serving_revision = models.ForeignKey(
        "EndpointRevision",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="That answers now, or will again once its server is back.",
    )
    address = models.CharField(
        max_length=200, blank=True, help_text="Base URL of what answers now; empty when nothing does."
    )
    health = models.JSONField(
        default=dict, blank=True, encoder=DjangoJSONEncoder, help_text="Of the last probes: checked_at, failures."
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    healthy_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["route_name"], condition=~Q(status=EndpointStatus.DELETED), name="route_name_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner_team", "-id"], name="endpoint_by_team"),
            models.Index(fields=["next_look_at"], condition=Q(next_look_at__isnull=False), name="endpoint_due"),
        ]

    def __str__(self) -> str:
        return f"{self.route_name} ({self.environment})"

    def get_absolute_url(self) -> str:
        return reverse("serving:endpoint", args=[self.pk])


class EndpointGrant(ObjectGrant):
    content_object = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="grants")


class EndpointRevision(models.Model):
    """One deployment of an endpoint: spec, bytes by digest, who, why, and the decision that allowed it.

    It is in force as it is made, or proposed first, where policies want approvals; it never changes but for leaving
    "proposed", once, and for the moment when it first was healthy.
    """

    TEAM_PATH = "endpoint__owner_team"
    PART_OF = "endpoint"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    cause = models.CharField(max_length=20, choices=Cause.choices)
    status = models.CharField(max_length=20, choices=ChangeStatus.choices, default=ChangeStatus.PROPOSED)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="endpoint_revisions")
    model_digest = models.CharField(max_length=71)
    prompt_version = models.ForeignKey(
        PromptVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="endpoint_revisions"
    )
    spec = models.JSONField(encoder=DjangoJSONEncoder, help_text="The DeploymentSpec as it was accepted.")
    runtime_image = models.CharField(max_length=200)
    digest = models.CharField(max_length=71, help_text="Of spec, model digest, prompt digest and image.")
    server_digest = models.CharField(
        max_length=71, help_text="Of what its server depends on: revisions that share it can share a server."
    )
    decision_id = models.UUIDField(
        null=True, blank=True, help_text="The policy decision under which it was made or proposed."
    )
    reason = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    became_healthy_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["endpoint", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.endpoint.route_name} r{self.number}"

    @property
    def runtime(self) -> dict[str, Any]:
        """Its limits: max_concurrent_requests, max_input_tokens, max_output_tokens."""
        return dict(self.spec["runtime"])


class ServerQuerySet(models.QuerySet["Server"]):
    def live(self) -> "ServerQuerySet":
        """Servers that have, or may have, something running."""
        return self.exclude(status=ServerStatus.ENDED)


class Server(models.Model):
    """One start of a model server. A restart is a new row: its name elsewhere is never used twice."""

    TEAM_PATH = "endpoint__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="servers")
    revision = models.ForeignKey(
        EndpointRevision, on_delete=models.CASCADE, related_name="servers", help_text="That it was started for."
    )
    digest = models.CharField(max_length=71, help_text="The server digest of its revision.")
    status = models.CharField(max_length=10, choices=ServerStatus.choices, default=ServerStatus.STARTING)
    address = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True, help_text="Why it ended.")
    has_failed = models.BooleanField(
        default=False, help_text="It ended, or had to be ended, through a fault of its own."
    )
    is_hopeless = models.BooleanField(default=False, help_text="Starting the same again would end the same way.")
    log_tail = models.TextField(blank=True, help_text="Its last lines, once it has ended by itself.")
    is_cleared = models.BooleanField(default=False, help_text="Nothing of it is left where it ran.")
    created_at = models.DateTimeField(auto_now_add=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ServerQuerySet] = ServerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint", "digest"],
                condition=Q(status__in=[ServerStatus.STARTING, ServerStatus.READY]),
                name="one_server_per_deployment",
            )
        ]

    def __str__(self) -> str:
        return self.external_name

    @property
    def external_name(self) -> str:
        """The name of its half elsewhere: derived from the id, so that a second launch finds the first."""
        return f"server-{self.pk}"

    @property
    def title(self) -> str:
        return f"Server of revision {self.revision.number}"


class EndpointEvent(models.Model):
    """One entry of an endpoint's timeline."""

    TEAM_PATH = "endpoint__owner_team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, help_text="Such as starting, healthy, ended, traffic, failed.")
    message = models.TextField()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["endpoint", "-id"], name="endpoint_event_by_endpoint")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"
