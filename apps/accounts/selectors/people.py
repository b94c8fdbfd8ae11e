"""Who holds a role that allows something."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import Membership, Project, Team, User
from apps.accounts.models.scopes import Scope
from apps.accounts.permissions import Permission, Role, roles_allowing
from apps.core.doors import note_asked


def people_with(permission: Permission | str, team_id: UUID, project_id: UUID | None = None) -> QuerySet[User]:
    """People whose role on the project, the team or its organisation allows `permission`."""
    return holders(permission, _scope(team_id, project_id))


def has_role_on(actor: User, permission: Permission | str, team_id: UUID, project_id: UUID | None = None) -> bool:
    """Tell whether a role that reaches the team or project, not superuser status, gives `actor` the permission."""
    note_asked(permission)
    return people_with(permission, team_id, project_id).filter(pk=actor.pk).exists()


def people_holding(roles: Iterable[Role], team_id: UUID, project_id: UUID | None = None) -> QuerySet[User]:
    """People who hold one of `roles` on the project, the team or its organisation."""
    return _holding(roles, _scope(team_id, project_id))


def holders(permission: Permission | str, scope: Scope) -> QuerySet[User]:
    """People whose role on `scope`, or on one above it, allows `permission`."""
    return _holding(roles_allowing(permission), scope)


def _holding(roles: Iterable[Role], scope: Scope) -> QuerySet[User]:
    held = Membership.objects.current().reaching(scope).filter(role__in=list(roles))
    return User.objects.filter(is_active=True, pk__in=held.order_by().values("user_id"))


def helpers(permission: Permission | str, scope: Scope) -> str:
    """Return whom to ask, as a sentence."""
    names = [person.label for person in holders(permission, scope)[:3]]
    return f"Ask {', '.join(names)}." if names else "Nobody on the team has it yet; ask an administrator."


def _scope(team_id: UUID, project_id: UUID | None) -> Scope:
    if project_id is not None:
        return Project(pk=project_id, team_id=team_id)
    return Team.objects.only("pk", "organisation_id").get(pk=team_id)
