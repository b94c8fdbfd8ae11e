"""The audit trail: one row per state change, written in the change's own transaction, never altered."""

from typing import Any, ClassVar

from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.accounts.models import Project, Team, User
from apps.core.ids import new_id
from apps.governance.models.about import AboutSubject
from apps.governance.models.fields import CurrentTransaction, HourOf, TransactionIdField
from apps.governance.wording import done


class AuditEvent(AboutSubject):
    """Something happened. The database itself refuses to update, delete or truncate these rows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Foreign keys without indexes of their own: those below begin with them, and each index is paid for by each event.
    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    actor_label = models.CharField(max_length=300, help_text="How the actor was named then.")
    action = models.CharField(max_length=100, help_text='"scope.verb", such as "modelversion.approve".')
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    on_behalf_of = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Whose right the actor used.",
    )
    canonical = models.TextField(default="", editable=False, help_text="The event as canonical JSON: what is sealed.")
    digest = models.CharField(max_length=71, editable=False, help_text="SHA-256 of `canonical` as UTF-8.")
    tx = TransactionIdField(db_default=CurrentTransaction(), editable=False, help_text="The transaction that wrote it.")

    TEAM_PATH = "team"

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "actor",
                "subject_id",
                "action",
                HourOf("at"),
                condition=Q(action__contains=".read_"),
                name="one_read_in_an_hour",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_by_subject"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["team", "-id"], name="audit_by_team"),
            models.Index(fields=["project", "-id"], name="audit_by_project"),
            models.Index(fields=["tx", "id"], name="audit_by_transaction"),
            models.Index(fields=["on_behalf_of"], condition=Q(on_behalf_of__isnull=False), name="audit_by_whose_right"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.subject_label}"

    def document(self) -> dict[str, Any]:
        """Return the event as the JSON whose canonical bytes are kept, digested and sealed."""
        return {
            "id": str(self.pk),
            "at": self.at.isoformat(),
            "actor": str(self.actor_id),
            "actor_label": self.actor_label,
            "action": self.action,
            "subject": f"{self.subject_type.model}/{self.subject_id}",
            "subject_label": self.subject_label,
            "team": str(self.team_id) if self.team_id else None,
            "before": self.before,
            "after": self.after,
            "reason": self.reason,
            "request_id": self.request_id,
            "on_behalf_of": str(self.on_behalf_of_id) if self.on_behalf_of_id else None,
        }

    @property
    def leaf_index(self) -> int | None:
        """Its place in the sealed log; None until it is sealed."""
        leaf = getattr(self, "leaf", None)
        return leaf.index if leaf else None

    @property
    def done(self) -> str:
        """What was done, as a person reads it: "Approved"."""
        return done(self.action)
