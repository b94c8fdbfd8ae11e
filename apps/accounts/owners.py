"""Whose a new thing is to be: a team, perhaps a project of it. What every app's forms and bodies ask for that."""

from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from apps.accounts.errors import ProjectOfOtherTeamError
from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import projects_where, teams_where, visible_projects, visible_teams
from apps.core.api.inputs import StrictSerializer

OWNER = frozenset({"owner_team", "project"})


class OwnerIn(StrictSerializer):
    """The part of a body that says whose a new thing is to be."""

    owner_team = serializers.SlugField(help_text="The team that owns it.")
    project = serializers.SlugField(required=False, allow_null=True, help_text="A project of that team.")


class ProjectSlug(serializers.CharField):
    """The project of an answer, by its slug; null for what belongs to its team as a whole."""

    def __init__(self, **more: Any) -> None:
        super().__init__(source="project.slug", default=None, allow_null=True, **more)


def owner_of(actor: User, given: dict[str, Any]) -> dict[str, Any]:
    """Take `owner_team` and `project`, slugs of a body, out of `given`; return them as a service takes them.

    Raises:
        Http404: `actor` sees no such team.
        ProjectOfOtherTeamError: the team has no such project that `actor` sees.
    """
    team: Team = get_object_or_404(visible_teams(actor=actor), slug=given.pop("owner_team"))
    slug = given.pop("project", None)
    if not slug:
        return {"team": team}
    project = visible_projects(actor=actor).filter(team=team, slug=slug).first()
    if project is None:
        known = {"project": [f"Team '{team.slug}' has no project '{slug}' that you may see."]}
        raise ProjectOfOtherTeamError(project=slug, team=team.slug, fields=known)
    return {"team": team, "project": project}


class OwnerForm(forms.Form):
    """The part of a form that says whose a new thing is to be; projects are offered where there are some.

    `actor` is who fills it in, `permission` what they need where it is to be.
    """

    permission = Permission.EDIT

    owner_team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label=None, to_field_name="slug")
    project = forms.ModelChoiceField(
        Project.objects.none(),
        required=False,
        empty_label="None: the whole team's",
        help_text="Roles on the project reach it too.",
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams, projects = teams_where(actor, self.permission), projects_where(actor, self.permission)
        through_projects = Team.objects.filter(pk__in=projects.order_by().values("team_id"))
        self.fields["owner_team"].queryset = teams | through_projects  # type: ignore[attr-defined]
        if projects.exists():
            self.fields["project"].queryset = projects  # type: ignore[attr-defined]
        else:
            del self.fields["project"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        team, project = cleaned.get("owner_team"), cleaned.get("project")
        if team and project and project.team_id != team.pk:
            self.add_error("project", f"{project} is none of {team}'s projects.")
        return cleaned

    @property
    def owner(self) -> dict[str, Any]:
        """Whose it is to be, as a service takes it."""
        return {"team": self.cleaned_data["owner_team"], "project": self.cleaned_data.get("project")}

    def owned(self) -> dict[str, Any]:
        """Return what was filled in, as a service takes it."""
        return self.owner | {name: given for name, given in self.cleaned_data.items() if name not in OWNER}
