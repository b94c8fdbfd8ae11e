"""Policies, their versions, and what they decided."""

from typing import ClassVar

from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.accounts.models import OwnedByTeam, Project, Team, User
from apps.core.ids import new_id
from apps.governance.models.about import AboutSubject
from apps.governance.requirements import Requirement
from apps.governance.states import PolicyMode, PolicyStatus


class Policy(OwnedByTeam):
    """A named rule book. What it says is in its versions; at most one of them is active."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.SlugField(unique=True, help_text="The `id` of its documents.")
    title = models.CharField(max_length=200)

    class Meta:
        verbose_name_plural = "policies"
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.title


class PolicyVersion(OwnedByTeam):
    """One document of a policy. It does not change once it has left draft."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.TextField(help_text="The YAML document as it was written.")
    document = models.JSONField(help_text="The same, parsed and checked.")
    digest = models.CharField(max_length=71)
    mode = models.CharField(max_length=10, choices=PolicyMode.choices)
    status = models.CharField(max_length=20, choices=PolicyStatus.choices, default=PolicyStatus.DRAFT)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    replay = models.JSONField(
        null=True,
        blank=True,
        encoder=DjangoJSONEncoder,
        help_text="What it would have answered on past decisions; null before it was asked about them.",
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_numbers_once"),
            models.UniqueConstraint(
                fields=["policy"], condition=Q(status=PolicyStatus.ACTIVE), name="one_active_policy"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy.key} v{self.number}"


class Decision(AboutSubject):
    """What the policies answered when asked about one move of one object. Never altered."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Without indexes of their own: those below begin with them, and each index is paid for by each decision.
    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+", db_index=False)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    transition = models.CharField(max_length=50)
    allowed = models.BooleanField()
    subject_digest = models.CharField(max_length=71)
    facts = models.JSONField(encoder=DjangoJSONEncoder, help_text="What the rules read, with secrets masked.")
    facts_digest = models.CharField(max_length=71, help_text="Of what the rules read.")
    results = models.JSONField(help_text="Per policy: version, digest, mode and what each rule answered.")
    demands = models.JSONField(default=list, help_text="The approvals asked for: role, count, and by which policy.")
    engine = models.CharField(max_length=60, blank=True, help_text="What evaluated the rules, with its version.")
    latency_us = models.PositiveIntegerField(help_text="Time to evaluate, in microseconds.")

    TEAM_PATH = "team"

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="decision_by_subject"),
            models.Index(fields=["team", "-id"], name="decision_by_team"),
        ]

    def __str__(self) -> str:
        return f"{'allowed' if self.allowed else 'denied'}: {self.transition} {self.subject_label}"

    @property
    def requirements(self) -> list[Requirement]:
        """The approvals that the policies asked for."""
        return [Requirement.from_dict(demand) for demand in self.demands]

    @property
    def allows_at_once(self) -> bool:
        """Whether the move can be made without a request: nothing denies it and nobody has to approve it."""
        return self.allowed and not self.demands

    @property
    def latency_ms(self) -> float:
        return self.latency_us / 1000
