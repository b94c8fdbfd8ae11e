"""Who may see and do what. Every read of a governed object starts at `visible_to`; only this module and
`services` know of django-guardian."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.models import ApiKey, Membership, ObjectGrant, Team, User
from apps.accounts.permissions import NEVER_BY_SUPERUSER, Permission, Role, roles_allowing
from apps.core.errors import NotFoundError

M = TypeVar("M", bound=models.Model)


def visible_to(actor: User, rows: QuerySet[M], permission: Permission | str = Permission.READ) -> QuerySet[M]:
    """Return those of `rows` on which `actor` has `permission`; one query, whatever their number.

    A role on the owner team allows; a grant on the object allows or denies, and a denial beats everything.
    The model names its way to the team in `TEAM_PATH` (default "owner_team") and, when single objects of it can be
    granted, the grants' reverse name in `GRANTS` (default none).
    """
    model = rows.model
    allowed = _by_role(actor, model, permission)
    grants = getattr(model, "GRANTS", None)
    if grants is None:
        return rows.filter(allowed)
    denied = Exists(_grants(model, actor, permission).filter(effect=ObjectGrant.Effect.DENY))
    granted = Exists(_grants(model, actor, permission).filter(effect=ObjectGrant.Effect.ALLOW))
    may = allowed if permission in NEVER_BY_SUPERUSER else allowed | Q(granted)
    return rows.filter(may & ~Q(denied))


def denied_ids(
    actor: User, model: type[models.Model], permission: Permission | str = Permission.READ
) -> QuerySet[ObjectGrant, UUID]:
    """Ids of objects of `model` on which a grant denies `actor` the permission now."""
    denied = _grants_of(model, actor, permission).filter(effect=ObjectGrant.Effect.DENY)
    return denied.values_list("content_object_id", flat=True)  # type: ignore[misc]  # of every inheriting model


def allows(actor: User, permission: Permission | str, subject: models.Model) -> bool:
    """Tell whether `actor` has `permission` on `subject`."""
    return visible_to(actor, type(subject)._default_manager.filter(pk=subject.pk), permission).exists()


def require(actor: User, permission: Permission | str, subject: models.Model) -> None:
    """Refuse unless `actor` has `permission` on `subject`.

    Raises:
        NotFoundError: `actor` may not even see it.
        PermissionRefusedError: `actor` sees it but may not do this; says who can help.
    """
    if allows(actor, permission, subject):
        return
    if permission != Permission.READ and not allows(actor, Permission.READ, subject):
        raise NotFoundError
    if permission == Permission.READ:
        raise NotFoundError
    raise PermissionRefusedError(permission=str(permission), who_can_help=_who_can_help(permission, subject))


def require_on_team(actor: User, permission: Permission | str, team: Team) -> None:
    """Refuse unless a role of `actor` on `team` allows `permission`; for things that do not exist yet.

    Raises:
        NotFoundError: `actor` has nothing to do with the team.
        PermissionRefusedError: `actor`'s roles on it do not allow this.
    """
    if team.pk in set(teams_where(actor, permission).values_list("pk", flat=True)):
        return
    if not visible_teams(actor=actor).filter(pk=team.pk).exists():
        raise NotFoundError
    raise PermissionRefusedError(permission=str(permission), who_can_help=_helpers(permission, team.pk))


def teams_where(actor: User, permission: Permission | str) -> QuerySet[Team]:
    """Teams on which a role of `actor` allows `permission`."""
    if _is_everywhere(actor, permission):
        return Team.objects.all()
    return Team.objects.filter(pk__in=_team_ids(actor, permission))


def visible_teams(*, actor: User) -> QuerySet[Team]:
    """Teams that `actor` has any role on."""
    return Team.objects.all() if actor.is_superuser else Team.objects.filter(memberships__user=actor).distinct()


def teams_with_roles(*, actor: User) -> QuerySet[Team]:
    """Teams of `actor`, each with the actor's memberships as `own_memberships`; two queries."""
    own = Prefetch("memberships", Membership.objects.filter(user=actor), to_attr="own_memberships")
    return visible_teams(actor=actor).select_related("organisation").prefetch_related(own)


def people_with(permission: Permission | str, team_id: UUID) -> QuerySet[User]:
    """People whose role on the team allows `permission`."""
    return people_holding(roles_allowing(permission), team_id)


def people_holding(roles: Iterable[Role], team_id: UUID) -> QuerySet[User]:
    """People who hold one of `roles` on the team."""
    return User.objects.filter(
        is_active=True, memberships__team_id=team_id, memberships__role__in=list(roles)
    ).distinct()


def visible_people(*, actor: User) -> QuerySet[User]:
    """People with an account who share a team with `actor`; everybody for a superuser."""
    people = User.objects.filter(is_active=True).exclude(kind=User.Kind.SYSTEM)
    if actor.is_superuser:
        return people
    shared = Membership.objects.filter(team__in=visible_teams(actor=actor)).values("user")
    return people.filter(pk__in=shared)


def has_role_on(actor: User, permission: Permission | str, team_id: UUID) -> bool:
    """Tell whether a role on the team, not superuser status, gives `actor` the permission."""
    return people_with(permission, team_id).filter(pk=actor.pk).exists()


def visible_keys(*, actor: User) -> QuerySet[ApiKey]:
    """API keys of `actor`; of everybody for a superuser."""
    keys = ApiKey.objects.select_related("user")
    return keys if actor.is_superuser else keys.filter(user=actor)


def _by_role(actor: User, model: type[models.Model], permission: Permission | str) -> Q:
    if _is_everywhere(actor, permission):
        return Q(pk__isnull=False)
    path = getattr(model, "TEAM_PATH", "owner_team")
    return Q(**{f"{path}__in": _team_ids(actor, permission)})


def _is_everywhere(actor: User, permission: Permission | str) -> bool:
    is_system = actor.kind == User.Kind.SYSTEM
    return actor.is_active and (actor.is_superuser or is_system) and permission not in NEVER_BY_SUPERUSER


def _team_ids(actor: User, permission: Permission | str) -> QuerySet[Membership, UUID]:
    held = Membership.objects.filter(user_id=actor.pk, user__is_active=True, role__in=roles_allowing(permission))
    return held.values_list("team_id", flat=True)


def _grants(model: type[models.Model], actor: User, permission: Permission | str) -> QuerySet[ObjectGrant]:
    return _grants_of(model, actor, permission).filter(content_object_id=OuterRef("pk"))  # type: ignore[misc]  # as above


def _grants_of(model: type[models.Model], actor: User, permission: Permission | str) -> QuerySet[ObjectGrant]:
    grant_model: type[ObjectGrant] = model._meta.get_field(model.GRANTS).related_model  # type: ignore[attr-defined, assignment]
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    codename = f"{permission}_{model._meta.model_name}"
    return grant_model._default_manager.filter(unexpired, user_id=actor.pk, permission__codename=codename)


def _who_can_help(permission: Permission | str, subject: models.Model) -> str:
    path = getattr(subject, "TEAM_PATH", "owner_team").split("__")
    owner: object = subject
    for step in path:
        owner = getattr(owner, step)
    return _helpers(permission, owner.pk) if isinstance(owner, Team) else ""


def _helpers(permission: Permission | str, team_id: UUID) -> str:
    names = [person.label for person in people_with(permission, team_id)[:3]]
    return f"Ask {', '.join(names)}." if names else "Nobody on the team has it yet; ask an administrator."
