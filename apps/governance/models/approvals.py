"""Approval requests, alone and in batches, and the verdicts: all bound to the digest of what was asked for."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.accounts.models import Owned, User
from apps.core.ids import new_id
from apps.governance.models.about import AboutSubject
from apps.governance.models.delegations import Delegation
from apps.governance.models.policies import Decision
from apps.governance.states import Credential, RequestStatus, Verdict


class ApprovalBatch(Owned):
    """One move asked for of many objects, to be decided by one verdict: on all of them, or on none."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transition = models.CharField(max_length=50)
    reason = models.TextField()
    requester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "approval batches"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.transition}: {self.reason}"[:300]


class ApprovalRequest(AboutSubject, Owned):
    """Somebody asks that an object be moved along one transition."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transition = models.CharField(max_length=50)
    status = models.CharField(max_length=20, choices=RequestStatus.choices, default=RequestStatus.OPEN)
    digest = models.CharField(max_length=71, help_text="Of the manifest: what the approvals are for.")
    manifest = models.JSONField(encoder=DjangoJSONEncoder, help_text="What was asked for, as it was then.")
    reason = models.TextField()
    requester = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approvals_needed = models.PositiveSmallIntegerField(default=1)
    requirements = models.JSONField(
        default=list, help_text="The approvals that policies asked for when they were last asked: role, count, because."
    )
    batch = models.ForeignKey(ApprovalBatch, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True, help_text="When approvers are next reminded of it.")
    closed_at = models.DateTimeField(null=True, blank=True)
    decision = models.ForeignKey(
        Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="That let it through."
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "transition"],
                condition=Q(status=RequestStatus.OPEN),
                name="one_open_request_per_move",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner_team", "status", "-id"], name="request_by_team"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="request_by_subject"),
            models.Index(fields=["remind_at"], condition=Q(status=RequestStatus.OPEN), name="request_to_remind"),
        ]

    def __str__(self) -> str:
        return f"{self.transition} {self.subject_label}"

    @property
    def is_open(self) -> bool:
        return self.status == RequestStatus.OPEN


class Approval(models.Model):
    """One person's verdict on a request, for the digest that the request had then.

    Where the approver stands in for somebody, it is that person's approval: it counts as theirs, and only once.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="approvals")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    delegation = models.ForeignKey(
        Delegation, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Used to give it."
    )
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    credential = models.CharField(
        max_length=20, choices=Credential.choices, blank=True, help_text="What the approver proved who they are with."
    )
    comment = models.TextField(blank=True)
    digest = models.CharField(max_length=71)
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True, help_text="When an edit of the object made it void.")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "approver"], condition=Q(voided_at__isnull=True), name="one_verdict_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.approver}: {self.verdict}"

    @property
    def principal(self) -> User:
        """Whose approval it is: the approver's own, or that of whom they stand in for."""
        return self.delegation.delegator if self.delegation else self.approver
