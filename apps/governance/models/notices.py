"""Notices: what people are told of, in the portal and by the channels that lead out of it."""

from typing import ClassVar

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.core.ids import new_id
from apps.core.reconcile import Reconcilable
from apps.governance.states import DeliveryStatus


class Notice(models.Model):
    """Something that one person is told."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=50, help_text='"scope.what", such as "webhook.disabled".')
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True, help_text="A path in the portal.")
    subject_type = models.ForeignKey(ContentType, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    subject_id = models.UUIDField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=200, blank=True, help_text="Nobody is told the same twice.")
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "dedupe_key"], condition=~Q(dedupe_key=""), name="told_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="notice_by_user"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return self.title


class NoticeSending(Reconcilable):
    """A notice on its way out by one channel. To reconcile it is to send it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="sendings")
    channel = models.CharField(max_length=20, help_text='"email" or "webhook".')
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    refusal = models.TextField(blank=True, help_text="Why it was given up.")

    OBSERVED_FIELDS = ("status", "attempts", "ended_at", "refusal")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["notice", "channel"], name="notice_sent_once")]
        indexes: ClassVar = [
            models.Index(fields=["next_look_at"], condition=Q(next_look_at__isnull=False), name="sending_due"),
        ]

    def __str__(self) -> str:
        return f"{self.notice} by {self.channel}"


class NoticePreference(models.Model):
    """How a person wants to be told. Who has none is told in every way."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="+")
    by_email = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.user}: email {'on' if self.by_email else 'off'}"
