"""Roles on organisations, teams and projects."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts.errors import ExpiryPastError, LastManagerError, RoleOfPeopleError, RoleTooFarError
from apps.accounts.models import Membership, Organisation, Scope, User
from apps.accounts.models.scopes import SCOPES
from apps.accounts.permissions import NOT_ON_ORGANISATIONS, ROLES_OF_PEOPLE, Permission, Role
from apps.accounts.selectors.reach import forget_roles
from apps.accounts.selectors.scopes import require_on
from apps.accounts.services.accounts import hold_people
from apps.accounts.signals import announce


@transaction.atomic
def give_role(
    *, actor: User, user: User, scope: Scope, role: Role, expires_at: datetime | None = None, reason: str = ""
) -> Membership:
    """Give `user` a role on a scope that `actor` manages, until `expires_at` or for good.

    Held already, it is held until then from now on; nothing happens if that is what was so before.

    Raises:
        NotFoundError, PermissionRefusedError: `actor` does not manage the scope.
        RoleOfPeopleError, RoleTooFarError, ExpiryPastError: see `confer_role`.
    """
    require_on(actor, Permission.MANAGE, scope)
    return confer_role(actor=actor, user=user, scope=scope, role=role, expires_at=expires_at, reason=reason)


@transaction.atomic
def confer_role(
    *, actor: User, user: User, scope: Scope, role: Role, expires_at: datetime | None = None, reason: str = ""
) -> Membership:
    """Give a role whose giving something else has allowed, such as an approved request.

    Raises:
        RoleOfPeopleError: a service account cannot hold it.
        RoleTooFarError: it is not held on organisations.
        ExpiryPastError: it would not be held at all.
    """
    _refuse_unsuitable(user, scope, role, expires_at)
    given = {"expires_at": expires_at, "given_by": actor, "given_at": timezone.now()}
    held, is_new = Membership.objects.select_for_update().get_or_create(
        user=user, role=role, **_only_on(scope), defaults=given
    )
    if not is_new:
        if held.expires_at == expires_at:
            return held
        before = {"expires_at": _text(held.expires_at)}
        Membership.objects.filter(pk=held.pk).update(**given)
        held.refresh_from_db()
    announce(
        actor=actor,
        action="role.given",
        subject=scope,
        before=None if is_new else before,
        after={"user": user.username, "role": str(role), "expires_at": _text(expires_at)},
        reason=reason,
    )
    forget_roles(actor)
    return held


@transaction.atomic
def take_role(*, actor: User, membership: Membership, reason: str = "") -> None:
    """Take a role away.

    Raises:
        NotFoundError, PermissionRefusedError: `actor` does not manage the scope.
        LastManagerError: it is the team's last manager.
    """
    scope = membership.scope
    require_on(actor, Permission.MANAGE, scope)
    hold_people([membership.user_id])
    managers = Membership.objects.select_for_update().on(scope).filter(role=Role.MANAGER)
    others = [held for held in managers if held.pk != membership.pk and held.is_current]
    if membership.team_id and membership.role == Role.MANAGER and membership.is_current and not others:
        raise LastManagerError
    before = {"user": membership.user.username, "role": membership.role, "expires_at": _text(membership.expires_at)}
    if not Membership.objects.filter(pk=membership.pk).delete()[0]:
        return  # somebody was faster, and it is gone as was wanted
    announce(actor=actor, action="role.taken", subject=scope, before=before, reason=reason)
    forget_roles(actor)


def _refuse_unsuitable(user: User, scope: Scope, role: Role, expires_at: datetime | None) -> None:
    if user.kind != User.Kind.PERSON and role in ROLES_OF_PEOPLE:
        raise RoleOfPeopleError(role=role.label.lower())
    if isinstance(scope, Organisation) and role in NOT_ON_ORGANISATIONS:
        raise RoleTooFarError(role=role.label.lower())
    if expires_at is not None and expires_at <= timezone.now():
        raise ExpiryPastError(fields={"expires_at": ["Name a time to come, or none."]})


def _only_on(scope: Scope) -> dict[str, Scope | None]:
    """Return the three columns of which one is set: all are asked for, or a row on another scope could be meant."""
    return {name: scope if isinstance(scope, kind) else None for kind, name in SCOPES.items()}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
