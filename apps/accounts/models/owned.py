"""The base of everything that belongs to a team."""

from django.db import models

from apps.accounts.models.scopes import Project, Team


class OwnedByTeam(models.Model):
    """Something that belongs to a team as a whole, such as a policy or a budget, and through it to roles."""

    PROJECT_PATH = ""

    owner_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Owned(OwnedByTeam):
    """Something that belongs to a team, perhaps to a project of it, and through them to roles.

    The migration that adds the columns adds `owning_sql.project_of_owner` too: the database keeps a project and its
    team together.
    """

    PROJECT_PATH = "project"

    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Of the owner team."
    )

    class Meta:
        abstract = True
