"""What happened on the request path. Rows come from the gateway's spool, each exactly once."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from apps.accounts.models import Team, User


class RequestEvent(models.Model):
    """One request through the gateway. The table is partitioned by day of `at` (see the second migration).

    `id` is a UUIDv7 made by the gateway and `at` is the moment that it holds, so that the id alone leads to the day.
    Content of prompts and answers is kept only where a route's policy says so. No constraint refers to others:
    what happened stays when a person or a team goes.
    """

    TEAM_PATH = "team"
    PROJECT_PATH = ""

    class Surface(models.TextChoices):
        SERVE = "serve", "Portal API"
        OPENAI = "openai", "OpenAI-compatible"
        PROXY = "proxy", "Completion proxy"

    class Outcome(models.TextChoices):
        OK = "ok", "Answered"
        REFUSED = "refused", "Refused"
        UPSTREAM_ERROR = "upstream_error", "Upstream failed"
        CUT = "cut", "Cut off"
        CLIENT_GONE = "client_gone", "Caller went away"

    pk = models.CompositePrimaryKey("at", "id")
    id = models.UUIDField(help_text="The request's id, made by the gateway.")
    at = models.DateTimeField(help_text="When it arrived, to the millisecond.")
    client_request_id = models.CharField(max_length=64, blank=True, help_text="The caller's own id, if it sent one.")
    team = models.ForeignKey(
        Team,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        help_text="That owns the route.",
    )
    user = models.ForeignKey(
        User, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", help_text="Who called."
    )
    api_key_id = models.UUIDField(null=True)
    route = models.CharField(max_length=60)
    endpoint_id = models.UUIDField(null=True)
    revision_id = models.UUIDField(null=True)
    model_version_id = models.UUIDField(null=True)
    model = models.CharField(max_length=170, blank=True, help_text="Name and version of the model, as they were then.")
    prompt_version_id = models.UUIDField(null=True)
    surface = models.CharField(max_length=20, choices=Surface.choices)
    stream = models.BooleanField(default=False)
    status = models.PositiveSmallIntegerField(help_text="HTTP status of the answer; 499 where nobody waited for one.")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    error = models.TextField(blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    tokens_estimated = models.BooleanField(
        default=False, help_text="The upstream did not say; counted from what passed."
    )
    latency_ms = models.FloatField(default=0)
    first_token_ms = models.FloatField(null=True, help_text="Until the first byte of the answer; of streams only.")
    cost_usd = models.DecimalField(max_digits=16, decimal_places=9, default=0)
    decisions = models.JSONField(default=list, encoder=DjangoJSONEncoder, help_text="What was decided on the way.")
    content = models.JSONField(null=True, help_text="Messages and answer, where the policy keeps them.")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.route} {self.status}"

    def get_absolute_url(self) -> str:
        return reverse("telemetry:request", args=[self.id])

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def latency_s(self) -> float:
        return self.latency_ms / 1000

    @property
    def has_answer(self) -> bool:
        """Whether anything of an answer reached the caller."""
        return self.outcome in (self.Outcome.OK, self.Outcome.CUT)

    @property
    def tokens_per_s(self) -> float | None:
        """How fast a stream came after its first token; None where there is nothing to divide."""
        if self.first_token_ms is None or self.completion_tokens < 2 or self.latency_ms <= self.first_token_ms:
            return None
        return (self.completion_tokens - 1) / (self.latency_ms - self.first_token_ms) * 1000


class SpoolPosition(models.Model):
    """How far one spool file has been taken over. Written in the transaction that takes the lines over."""

    file = models.CharField(max_length=200, primary_key=True)
    offset = models.BigIntegerField(default=0, help_text="Bytes.")
    lines = models.BigIntegerField(default=0, help_text="Taken over so far.")
    damaged = models.BigIntegerField(default=0, help_text="Lines that could not be read and were put aside.")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["file"]

    def __str__(self) -> str:
        return self.file
