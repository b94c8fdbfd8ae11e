"""Standing in: an approver who is away lets somebody else give their verdicts for a while."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.ids import new_id


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self) -> "DelegationQuerySet":
        """Those that can be used now."""
        now = timezone.now()
        return self.filter(revoked_at__isnull=True, starts_at__lte=now, ends_at__gt=now, delegator__is_active=True)


class Delegation(models.Model):
    """`delegate` may give the verdicts that `delegator` could give on a team's requests, between two moments.

    It hands on what the delegator may do, never more: whoever loses the role, or had a part in the object, has nothing
    to hand on. What was handed on cannot be handed on again.
    """

    TEAM_PATH = "team"
    PROJECT_PATH = ""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delegator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    delegate = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Delegation"]] = DelegationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="delegation_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(delegator=F("delegate")), name="delegation_to_somebody_else"),
        ]
        indexes: ClassVar = [models.Index(fields=["delegate", "team"], name="delegation_by_delegate")]

    def __str__(self) -> str:
        return f"{self.delegate} for {self.delegator} on {self.team}"

    @property
    def is_in_force(self) -> bool:
        return self.revoked_at is None and self.starts_at <= timezone.now() < self.ends_at
