"""The audit trail: one row per state change, written in the change's own transaction, never altered."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from apps.accounts.models import Project, Team, User
from apps.core.ids import new_id
from apps.governance.models.about import AboutSubject
from apps.governance.models.fields import CurrentTransaction, TransactionIdField
from apps.governance.wording import done


class AuditEvent(AboutSubject):
    """Something happened. The database itself refuses to update, delete or truncate these rows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    actor_label = models.CharField(max_length=300, help_text="How the actor was named then.")
    action = models.CharField(max_length=100, help_text='"scope.verb", such as "modelversion.approve".')
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    on_behalf_of = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Whose right the actor used."
    )
    canonical = models.TextField(default="", editable=False, help_text="The event as canonical JSON: what is sealed.")
    digest = models.CharField(max_length=71, editable=False, help_text="SHA-256 of `canonical` as UTF-8.")
    tx = TransactionIdField(db_default=CurrentTransaction(), editable=False, help_text="The transaction that wrote it.")

    TEAM_PATH = "team"

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_by_subject"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["team", "-id"], name="audit_by_team"),
            models.Index(fields=["project", "-id"], name="audit_by_project"),
            models.Index(fields=["tx", "id"], name="audit_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.subject_label}"

    @property
    def done(self) -> str:
        """What was done, as a person reads it: "Approved"."""
        return done(self.action)
