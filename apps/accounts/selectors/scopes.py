"""Organisations, teams and projects: which somebody sees, and where their roles allow what."""

from django.db.models import Prefetch, Q, QuerySet

from apps.accounts.errors import PermissionRefusedError, ProjectOfOtherTeamError
from apps.accounts.models import Membership, Organisation, Project, Scope, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors.people import helpers, holders
from apps.accounts.selectors.reach import reach_of
from apps.core.doors import note_asked
from apps.core.errors import NotFoundError


def teams_where(actor: User, permission: Permission | str) -> QuerySet[Team]:
    """Teams on which a role of `actor`, there or on the organisation, allows `permission`."""
    note_asked(permission)
    reach = reach_of(actor, permission)
    return Team.objects.all() if reach.everywhere else Team.objects.filter(pk__in=reach.teams)


def projects_where(actor: User, permission: Permission | str) -> QuerySet[Project]:
    """Projects on which a role of `actor`, there or above, allows `permission`."""
    note_asked(permission)
    reach = reach_of(actor, permission)
    projects = Project.objects.select_related("team")
    if reach.everywhere:
        return projects
    return projects.filter(Q(team__in=reach.teams) | Q(pk__in=reach.projects))


def may_somewhere(actor: User, permission: Permission | str) -> bool:
    """Tell whether a role of `actor` allows `permission` on any team or project at all; an administrator needs none."""
    if reach_of(actor, permission).everywhere:
        note_asked(permission)
        return True
    return teams_where(actor, permission).exists() or projects_where(actor, permission).exists()


def require_somewhere(actor: User, permission: Permission | str) -> None:
    """Refuse unless a role of `actor` allows `permission` on any team or project at all.

    For what is not about one object yet: the form that makes one, a queue.

    Raises:
        PermissionRefusedError: there is no such role.
    """
    if not may_somewhere(actor, permission):
        raise PermissionRefusedError(permission=str(permission), who_can_help="Ask a manager of your team.")


def visible_teams(*, actor: User) -> QuerySet[Team]:
    """Teams that `actor` has any role on, be it on the organisation above or on a project below."""
    note_asked(Permission.READ)  # which every role allows
    if actor.is_superuser:
        return Team.objects.all()
    held = Membership.objects.current().filter(user_id=actor.pk, user__is_active=True)
    return Team.objects.filter(
        Q(pk__in=held.values("team_id"))
        | Q(organisation__in=held.values("organisation_id"))
        | Q(pk__in=held.values("project__team_id"))
    )


def visible_people(*, actor: User) -> QuerySet[User]:
    """People with an account who share a team with `actor`; everybody for a superuser."""
    people = User.objects.filter(is_active=True, kind=User.Kind.PERSON)
    if actor.is_superuser:
        return people
    teams = visible_teams(actor=actor).order_by()
    shared = Membership.objects.current().filter(
        Q(team__in=teams.values("pk"))
        | Q(organisation__in=teams.values("organisation_id"))
        | Q(project__team__in=teams.values("pk"))
    )
    return people.filter(pk__in=shared.order_by().values("user_id"))


def visible_projects(*, actor: User) -> QuerySet[Project]:
    """Projects that `actor` has any role on, there or above."""
    note_asked(Permission.READ)
    if actor.is_superuser:
        return Project.objects.select_related("team")
    held = Membership.objects.current().filter(user_id=actor.pk, user__is_active=True)
    return Project.objects.select_related("team").filter(
        Q(pk__in=held.values("project_id"))
        | Q(team__in=held.values("team_id"))
        | Q(team__organisation__in=held.values("organisation_id"))
    )


def visible_organisations(*, actor: User) -> QuerySet[Organisation]:
    """Organisations that `actor` has any role in."""
    if actor.is_superuser:
        return Organisation.objects.all()
    held = Membership.objects.current().filter(user_id=actor.pk, user__is_active=True, organisation__isnull=False)
    teams = visible_teams(actor=actor).order_by().values("organisation_id")
    return Organisation.objects.filter(Q(pk__in=held.values("organisation_id")) | Q(pk__in=teams))


def teams_with_roles(*, actor: User) -> QuerySet[Team]:
    """Teams of `actor`, each with the actor's own memberships on exactly it as `own_memberships`; two queries."""
    own = Prefetch("memberships", Membership.objects.current().filter(user=actor), to_attr="own_memberships")
    return visible_teams(actor=actor).select_related("organisation").prefetch_related(own)


def require_on_team(actor: User, permission: Permission | str, team: Team, project: Project | None = None) -> None:
    """Refuse unless a role of `actor` allows `permission` on `team`, or on `project` when one is named.

    For things that do not exist yet.

    Raises:
        ProjectOfOtherTeamError: the project is none of the team's.
        NotFoundError, PermissionRefusedError: see `require_on`.
    """
    if project is not None and project.team_id != team.pk:
        raise ProjectOfOtherTeamError(project=project.slug, team=team.slug)
    require_on(actor, permission, project or team)


def require_on(actor: User, permission: Permission | str, scope: Scope) -> None:
    """Refuse unless a role of `actor` that reaches `scope` allows `permission`.

    Raises:
        NotFoundError: `actor` has nothing to do with the scope.
        PermissionRefusedError: `actor`'s roles do not allow this there.
    """
    if reaches(actor, permission, scope):
        return
    if not _sees(actor, scope):
        raise NotFoundError
    raise PermissionRefusedError(permission=str(permission), who_can_help=helpers(permission, scope))


def reaches(actor: User, permission: Permission | str, scope: Scope) -> bool:
    """Tell whether a role of `actor` allows `permission` on `scope` now."""
    note_asked(permission)
    if reach_of(actor, permission).everywhere:
        return True
    return holders(permission, scope).filter(pk=actor.pk).exists()


def _sees(actor: User, scope: Scope) -> bool:
    if isinstance(scope, Organisation):
        return visible_organisations(actor=actor).filter(pk=scope.pk).exists()
    if isinstance(scope, Project):
        return visible_projects(actor=actor).filter(pk=scope.pk).exists()
    return visible_teams(actor=actor).filter(pk=scope.pk).exists()
