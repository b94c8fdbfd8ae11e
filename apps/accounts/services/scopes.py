"""Organisations, teams and projects."""

from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.errors import AdministratorsOnlyError, NameTakenError
from apps.accounts.models import Organisation, Project, Scope, Team, User
from apps.accounts.models.scopes import SCOPES
from apps.accounts.permissions import Permission
from apps.accounts.selectors.reach import forget_roles
from apps.accounts.selectors.scopes import require_on
from apps.accounts.signals import announce


@transaction.atomic
def create_organisation(*, actor: User, slug: str, name: str) -> Organisation:
    """Make an organisation; an administrator's work.

    Raises:
        AdministratorsOnlyError, NameTakenError.
    """
    refuse_unless_administrator(actor)
    return _create(actor, Organisation, slug=slug, name=name)


@transaction.atomic
def create_team(*, actor: User, organisation: Organisation, slug: str, name: str) -> Team:
    """Make a team of an organisation; a manager's of the organisation, or an administrator's, work.

    Raises:
        NotFoundError, PermissionRefusedError, NameTakenError.
    """
    require_on(actor, Permission.MANAGE, organisation)
    made = _create(actor, Team, organisation=organisation, slug=slug, name=name)
    forget_roles(actor)  # a role on the organisation reaches one team more
    return made


@transaction.atomic
def create_project(*, actor: User, team: Team, slug: str, name: str) -> Project:
    """Make a project of a team that `actor` manages.

    Raises:
        NotFoundError, PermissionRefusedError, NameTakenError.
    """
    require_on(actor, Permission.MANAGE, team)
    return _create(actor, Project, team=team, slug=slug, name=name)


@transaction.atomic
def rename_scope(*, actor: User, scope: Scope, name: str) -> Scope:
    """Give an organisation, a team or a project another name; its slug, which addresses hold, stays.

    Raises:
        NotFoundError, PermissionRefusedError, AdministratorsOnlyError.
    """
    if isinstance(scope, Organisation):
        refuse_unless_administrator(actor)
    else:
        require_on(actor, Permission.MANAGE, scope)
    locked = type(scope).objects.select_for_update().get(pk=scope.pk)
    if locked.name == name:
        return locked
    before, locked.name = locked.name, name
    locked.save(update_fields=["name"])
    action = f"{SCOPES[type(scope)]}.renamed"
    announce(actor=actor, action=action, subject=locked, before={"name": before}, after={"name": name})
    return locked


def refuse_unless_administrator(actor: User) -> None:
    """Refuse who is neither an administrator nor the portal itself.

    Raises:
        AdministratorsOnlyError.
    """
    if not (actor.is_active and (actor.is_superuser or actor.kind == User.Kind.SYSTEM)):
        raise AdministratorsOnlyError


def _create(actor: User, kind: Any, **given: Any) -> Any:
    try:
        with transaction.atomic():
            made = kind.objects.create(**given)
    except IntegrityError:
        raise NameTakenError(name=given["slug"], fields={"slug": ["Taken."]}) from None
    after = {"slug": given["slug"], "name": given["name"]}
    announce(actor=actor, action=f"{SCOPES[kind]}.created", subject=made, after=after)
    return made
