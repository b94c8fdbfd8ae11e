"""What roles are held on: an organisation, a team of it, a project of a team. A role reaches everything below."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models.people import User
from apps.accounts.permissions import NOT_ON_ORGANISATIONS, Role
from apps.core.ids import new_id


class Organisation(models.Model):
    """A company, or the part of one that has its own rules."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """The people who own something together. Everything governed belongs to a team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="teams")
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:team", args=[self.slug])


class Project(models.Model):
    """Part of what a team owns, on which others can hold roles too."""

    TEAM_PATH = "team"
    PROJECT_PATH = "pk"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="projects")
    slug = models.SlugField()
    name = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["team__slug", "slug"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "slug"], name="project_slug_once"),
            # What a table's foreign key on project and owner team together refers to: see `apps.accounts.owning_sql`.
            models.UniqueConstraint(fields=["id", "team"], name="project_with_team"),
        ]

    def __str__(self) -> str:
        return f"{self.team.name} / {self.name}"


Scope = Organisation | Team | Project
SCOPES: dict[type[models.Model], str] = {Organisation: "organisation", Team: "team", Project: "project"}


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> "MembershipQuerySet":
        """Those that are held now: an expired one ends by itself, without any job having to run."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))

    def on(self, scope: Scope) -> "MembershipQuerySet":
        """Those held on exactly this scope."""
        return self.filter(**{SCOPES[type(scope)]: scope})

    def reaching(self, scope: Scope) -> "MembershipQuerySet":
        """Those that reach this scope: held on it, or on one above it."""
        reaches = Q(**{SCOPES[type(scope)]: scope})
        if isinstance(scope, Project):
            reaches |= Q(team=scope.team_id) | Q(organisation__teams=scope.team_id)
        elif isinstance(scope, Team):
            reaches |= Q(organisation=scope.organisation_id)
        return self.filter(reaches)


class Membership(models.Model):
    """One role of one person or service account on one scope."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="It is not held from then on.")
    given_by = models.ForeignKey(
        User,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who gave it.",
    )
    given_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar = MembershipQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["user__username", "role"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "role", "organisation", "team", "project"], nulls_distinct=False, name="role_held_once"
            ),
            models.CheckConstraint(
                condition=Q(organisation__isnull=False, team__isnull=True, project__isnull=True)
                | Q(organisation__isnull=True, team__isnull=False, project__isnull=True)
                | Q(organisation__isnull=True, team__isnull=True, project__isnull=False),
                name="role_on_one_scope",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) | ~Q(role__in=sorted(NOT_ON_ORGANISATIONS)),
                name="membership_role_near",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.scope}"

    @property
    def scope(self) -> Scope:
        """What the role is held on."""
        scope = self.organisation or self.team or self.project
        assert scope is not None, "the database keeps exactly one"  # noqa: S101
        return scope

    @property
    def is_current(self) -> bool:
        return self.expires_at is None or self.expires_at > timezone.now()
