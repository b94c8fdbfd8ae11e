"""Somebody asks for something that a scope gives: a role on it, one of its objects, a key of it, a limit."""

from typing import ClassVar

from django.db import models
from django.urls import reverse

from apps.accounts.models import Owned, User
from apps.core.ids import new_id
from apps.governance.states import AccessStatus


class AccessRequest(Owned):
    """A wish, decided by an approver of its team or project through an approval request. It does not change."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, help_text="See `access.access_kinds`.")
    requester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    beneficiary = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text="Who gets it.")
    details = models.JSONField(help_text="What exactly; its shape is the kind's.")
    wish = models.CharField(max_length=300, help_text="The same in words.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Until when it is wanted; empty: for good.")
    reason = models.TextField()
    status = models.CharField(max_length=20, choices=AccessStatus.choices, default=AccessStatus.ASKED)
    created_at = models.DateTimeField(auto_now_add=True)
    collected_at = models.DateTimeField(
        null=True, blank=True, help_text="When what was granted was taken over, where that is a step of its own."
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["owner_team", "-id"], name="access_by_team"),
            models.Index(fields=["requester", "-id"], name="access_by_requester"),
        ]

    def __str__(self) -> str:
        return self.wish

    def get_absolute_url(self) -> str:
        return reverse("governance:access_request", args=[self.pk])
