"""How far the roles of somebody reach: the teams and projects on which they allow a permission.

PostgreSQL finds 50 of 200,000 objects in a millisecond when it sees the teams and projects as values: it then knows
whether they own many objects (it walks the newest) or few (it takes them by index). Behind a subquery it sees neither,
walks, and takes 50 ms for somebody with few. So the roles are read together with whoever signs in, in the same query,
and are values for the rest of the request. Everywhere else, and wherever a write is decided, they are a subquery: read
when the statement runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, JSONObject

from apps.accounts.models import Membership, Team, User
from apps.accounts.permissions import NEVER_BY_SUPERUSER, Permission, roles_allowing

Ids = Iterable[UUID] | QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the roles of an actor allow a permission; `everywhere` for those who need no role."""

    everywhere: bool
    teams: Ids = ()
    projects: Ids = ()


def reach_of(actor: User, permission: Permission | str, *, now: bool = False) -> Reach:
    """Return where the roles of `actor` allow `permission`.

    Args:
        now: read the roles again, whatever was read when the request signed in; for deciding on writes.
    """
    if is_everywhere(actor, permission):
        return Reach(everywhere=True)
    roles = roles_allowing(permission)
    if actor.held_roles is None or now:
        held = Membership.objects.current().filter(user_id=actor.pk, user__is_active=True, role__in=roles)
        return Reach(False, _teams_of(held), held.filter(project__isnull=False).values("project_id"))
    found = [held for held in actor.held_roles if held["role"] in roles]
    return Reach(
        False,
        sorted({UUID(held["team"]) for held in found if held["team"]}),
        sorted({UUID(held["project"]) for held in found if held["project"]}),
    )


def is_everywhere(actor: User, permission: Permission | str) -> bool:
    """Tell whether `actor` needs no role for `permission`: an administrator or the portal itself, unless it judges."""
    is_system = actor.kind == User.Kind.SYSTEM
    return actor.is_active and (actor.is_superuser or is_system) and permission not in NEVER_BY_SUPERUSER


def held_roles(user_id: str) -> ArraySubquery:
    """Return the expression by which a query that finds a user brings their roles along.

    Args:
        user_id: the path to the user's id.
    """
    held = Membership.objects.current().filter(user_id=OuterRef(user_id)).order_by()
    # An organisation stands for each of its teams: the join gives a row for every one.
    team = Coalesce(F("team_id"), F("organisation__teams__id"))
    return ArraySubquery(held.values_list(JSONObject(role="role", team=team, project="project_id")))


def forget_roles(actor: User) -> None:
    """Have the rest of the request read the roles of `actor` anew, after it has changed them."""
    actor.held_roles = None


def _teams_of(held: QuerySet[Membership]) -> QuerySet[Team, Any]:
    on_team, on_organisation = held.filter(team__isnull=False), held.filter(organisation__isnull=False)
    found = Q(pk__in=on_team.values("team_id")) | Q(organisation__in=on_organisation.values("organisation_id"))
    return Team.objects.filter(found).order_by().values("pk")
