"""Waivers: one rule of one policy does not bind one object, or one team's objects of a kind, for a time."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Owned, User
from apps.core.ids import new_id
from apps.governance.models.about import AboutSubject
from apps.governance.states import WaiverStatus

LASTS_AT_MOST = timedelta(days=90)


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def in_force(self, now: datetime) -> "WaiverQuerySet":
        """Waivers that were granted and have not expired: time alone ends them."""
        return self.filter(status=WaiverStatus.ACTIVE, expires_at__gt=now)


class Waiver(AboutSubject, Owned):
    """A rule that is waived: for one object or, where it names none, for all of its team's of that kind."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject_id = models.UUIDField(  # type: ignore[assignment]  # narrower where it is inherited from
        null=True, blank=True, help_text="Empty: every object of that kind of the team."
    )
    policy_key = models.SlugField(help_text="The `id` of the policy.")
    rule = models.CharField(max_length=60, help_text="The `id` of the rule.")
    reason = models.TextField()
    status = models.CharField(max_length=20, choices=WaiverStatus.choices, default=WaiverStatus.DRAFT)
    expires_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[WaiverQuerySet] = WaiverQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + LASTS_AT_MOST), name="waiver_is_for_a_time"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "owner_team", "expires_at"], name="waiver_by_subject"),
            models.Index(fields=["owner_team", "-id"], name="waiver_by_team"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_key}.{self.rule} for {self.subject_label}"

    def get_absolute_url(self) -> str:
        return reverse("governance:waiver", args=[self.pk])

    @property
    def standing(self) -> str:
        """Its status as of now: one that was granted says "expired" once its time is over."""
        return "expired" if self.status == WaiverStatus.ACTIVE and self.has_expired else self.status

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()
