"""Webhooks: who wants to be told of which events, and what was sent to them."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Owned, User
from apps.core.ids import new_id
from apps.core.reconcile import Reconcilable
from apps.governance.models.audit import AuditEvent
from apps.governance.models.fields import TransactionIdField
from apps.governance.states import DeliveryStatus, WebhookStatus

SEALED_FOR = "webhook secrets"


class WebhookSubscription(Reconcilable, Owned):
    """An address outside that is told of a team's audit events. To reconcile it is to send what is due."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100, help_text="What listens there.")
    url = models.CharField(max_length=2000)
    events = ArrayField(models.CharField(max_length=100), help_text='"modelversion.*", "approvalrequest.open", "*".')
    is_enabled = models.BooleanField(default=True)
    disabled_because = models.TextField(blank=True, help_text="Why the portal has switched it off.")
    secret = models.TextField(editable=False, help_text="Sealed; what messages are signed with.")
    old_secret = models.TextField(blank=True, editable=False, help_text="Sealed; signed with as well, until then.")
    old_secret_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_delivered_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True, help_text="Since when nothing has been accepted.")
    times_down = models.PositiveIntegerField(default=0, help_text="How often in a row nobody answered there.")

    OBSERVED_FIELDS = ("last_delivered_at", "failing_since", "times_down")

    class Meta:
        verbose_name = "webhook"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner_team", "name"], name="webhook_named_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("governance:webhook", args=[self.pk])

    @property
    def status(self) -> WebhookStatus:
        if not self.is_enabled:
            return WebhookStatus.DISABLED
        return WebhookStatus.FAILING if self.failing_since else WebhookStatus.ACTIVE

    @property
    def signs_with_old_secret(self) -> bool:
        return self.old_secret_until is not None and self.old_secret_until > timezone.now()

    def asks_for(self, action: str) -> bool:
        return any(matches(pattern, action) for pattern in self.events)


class WebhookDelivery(models.Model):
    """One event on its way to one subscription. What is sent is kept as it is sent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(WebhookSubscription, on_delete=models.CASCADE, related_name="deliveries")
    # No constraint in the database: events are never deleted, and each insert would lock one.
    event = models.ForeignKey(
        AuditEvent,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        related_name="+",
        help_text="Empty: it is a test.",
    )
    event_type = models.CharField(max_length=100)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    waiting_since = models.DateTimeField(default=timezone.now, help_text="When it was made, or last sent again.")
    next_attempt_at = models.DateTimeField()
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    answer_status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer_excerpt = models.TextField(blank=True, help_text="How the last answer began.")
    answer_ms = models.PositiveIntegerField(null=True, blank=True)
    trouble = models.TextField(blank=True, help_text="Why the last attempt did not deliver it.")

    TEAM_PATH = "subscription__owner_team"

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "event"], name="event_delivered_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subscription", "-id"], name="delivery_by_subscription"),
            models.Index(
                fields=["subscription", "next_attempt_at"],
                condition=Q(status=DeliveryStatus.PENDING),
                name="delivery_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.subscription}"

    @property
    def is_pending(self) -> bool:
        return self.status == DeliveryStatus.PENDING

    @property
    def tried_again_at(self) -> datetime:
        """When the next attempt is made: not before the subscription is looked at, which is later while it is down."""
        return max(self.next_attempt_at, self.subscription.next_look_at or self.next_attempt_at)


class WebhookCursor(models.Model):
    """How far the audit trail has been read for webhooks: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    tx = TransactionIdField(default=0)
    event_id = models.UUIDField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="one_webhook_cursor")]

    def __str__(self) -> str:
        return f"{self.tx}/{self.event_id}"


def matches(pattern: str, action: str) -> bool:
    """Tell whether an action is one of a pattern: "*", "modelversion.*" or the action itself."""
    return pattern in ("*", action) or (pattern.endswith(".*") and action.startswith(pattern[:-1]))
