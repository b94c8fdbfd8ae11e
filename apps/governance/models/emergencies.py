"""Moves that were made by breaking the glass: without the approvals, or against the policies, in an emergency."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Owned, User
from apps.core.ids import new_id
from apps.governance.models.about import AboutSubject
from apps.governance.models.policies import Decision
from apps.governance.states import EmergencyVerdict


class EmergencyMove(AboutSubject, Owned):
    """Somebody moved an object past its gates. It stays on the table until somebody else has reviewed it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transition = models.CharField(max_length=50)
    digest = models.CharField(max_length=71, help_text="Of the manifest of what was moved.")
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, related_name="+", help_text="What the policies said, and did not bind."
    )
    at = models.DateTimeField()
    review_due_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, blank=True, help_text="When approvers are next told that it waits.")
    reviewed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=20, choices=EmergencyVerdict.choices, blank=True)
    review_comment = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, verdict="") | (Q(reviewed_at__isnull=False) & ~Q(verdict="")),
                name="emergency_reviewed_with_a_verdict",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=models.F("actor")),
                name="emergency_reviewed_by_somebody_else",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner_team", "-id"], name="emergency_by_team"),
            models.Index(fields=["remind_at"], condition=Q(reviewed_at__isnull=True), name="emergency_to_remind"),
        ]

    def __str__(self) -> str:
        return f"{self.transition} {self.subject_label} in an emergency"

    @property
    def is_overdue(self) -> bool:
        return self.reviewed_at is None and self.review_due_at < timezone.now()
