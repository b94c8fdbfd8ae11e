"""People, the service accounts of teams, and the account of the portal itself."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.errors import NameTakenError
from apps.accounts.models import ApiKey, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors.scopes import require_on
from apps.accounts.services.scopes import refuse_unless_administrator
from apps.accounts.signals import announce
from apps.core.errors import InvalidInputError

SYSTEM_USERNAME = "portal"
SECRET = frozenset({"password", "last_login", "date_joined", "session_epoch"})  # not in the trail, by name or by value
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def system_account() -> User:
    """Return the account under which the portal itself acts."""
    account, _ = User.objects.get_or_create(
        username=SYSTEM_USERNAME, defaults={"kind": User.Kind.SYSTEM, "first_name": "The portal"}
    )
    return account


def hold_people(ids: Iterable[UUID]) -> None:
    """Lock people for the rest of the transaction: what they may do does not change until it ends.

    Whatever takes a right away locks the person first, so whoever acts on what others may do (on their approvals, say)
    can hold them and be right until the commit. They are locked in the order of their ids, after everything else.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    list(rows.values_list("pk", flat=True))


@transaction.atomic
def create_service_account(*, actor: User, team: Team, name: str, purpose: str = "") -> User:
    """Make an account for a program of a team that `actor` manages. It signs in nowhere; keys are made for it.

    Args:
        name: lower-case letters, digits and hyphens; the user name is "<team>.<name>".
        purpose: how it is named on pages; default: its name.

    Raises:
        NotFoundError, PermissionRefusedError, NameTakenError, InvalidInputError.
    """
    require_on(actor, Permission.MANAGE, team)
    if not _NAME.fullmatch(name):
        why = "Use lower-case letters, digits and hyphens, up to 60, such as nightly-evaluation."
        raise InvalidInputError(f"'{name[:70]}' cannot be the name of a service account. {why}", fields={"name": [why]})
    account = User(username=f"{team.slug}.{name}", kind=User.Kind.SERVICE, team=team, first_name=purpose[:150])
    account.set_unusable_password()
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:
        raise NameTakenError(name=name, fields={"name": ["Taken on this team."]}) from None
    after = {"username": account.username, "purpose": purpose}
    announce(actor=actor, action="service_account.created", subject=account, after=after)
    return account


@transaction.atomic
def disable_account(*, actor: User, account: User, reason: str = "") -> User:
    """Shut somebody out: no key opens anything any more, every session has ended, and neither comes back later.

    Raises:
        NotFoundError, PermissionRefusedError: it is a service account of a team that `actor` does not manage.
        AdministratorsOnlyError: it is a person.
    """
    locked = _locked(actor, account)
    if not locked.is_active:
        return locked
    locked.is_active, locked.session_epoch = False, locked.session_epoch + 1
    locked.save(update_fields=["is_active", "session_epoch"])
    live = list(ApiKey.objects.select_for_update().filter(user=locked, revoked_at__isnull=True))
    ApiKey.objects.filter(pk__in=[key.pk for key in live]).update(revoked_at=timezone.now())
    for key in live:
        announce(actor=actor, action="api_key.revoked", subject=key, before={"live": True}, after={"live": False})
    after = {"active": False, "keys_revoked": len(live)}
    action = f"{_noun(locked)}.disabled"
    announce(actor=actor, action=action, subject=locked, before={"active": True}, after=after, reason=reason)
    return locked


@transaction.atomic
def enable_account(*, actor: User, account: User, reason: str = "") -> User:
    """Let somebody in again; keys that were revoked stay so.

    Raises:
        NotFoundError, PermissionRefusedError, AdministratorsOnlyError: see `disable_account`.
    """
    locked = _locked(actor, account)
    if locked.is_active:
        return locked
    locked.is_active = True
    locked.save(update_fields=["is_active"])
    action, before = f"{_noun(locked)}.enabled", {"active": False}
    announce(actor=actor, action=action, subject=locked, before=before, after={"active": True}, reason=reason)
    return locked


@transaction.atomic
def save_person(*, actor: User, person: User) -> User:
    """Save what an administrator has written about a person, new or known. A password is never told to the trail.

    To shut somebody out, or let them in again, is `disable_account` and `enable_account`.

    Raises:
        AdministratorsOnlyError.
    """
    refuse_unless_administrator(actor)
    known = User.objects.select_for_update().filter(pk=person.pk).first()
    before = _described(known) if known else {}
    person.save()
    after = _described(person)
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    if known is not None and known.password != person.password:
        changed["password"] = "changed"  # noqa: S105 - says that, not what
    if known is None or changed:
        told_before = {name: before.get(name) for name in changed if name in before} or None
        action = "person.edited" if known else "person.created"
        announce(actor=actor, action=action, subject=person, before=told_before, after=changed)
    return person


@transaction.atomic
def note_new_password(*, actor: User, person: User) -> None:
    """Tell the trail, in the transaction of the change, that a person has another password; not which."""
    announce(actor=actor, action="person.password_changed", subject=person)


def _described(person: User) -> dict[str, Any]:
    fields = [field for field in person._meta.concrete_fields if field.name not in SECRET]
    return {
        field.name: str(value) if (value := getattr(person, field.attname)) is not None else None for field in fields
    }


def _locked(actor: User, account: User) -> User:
    if account.kind == User.Kind.SERVICE and account.team is not None:
        require_on(actor, Permission.MANAGE, account.team)
    else:
        refuse_unless_administrator(actor)
    locked: User = User.objects.select_for_update(of=("self",)).get(pk=account.pk)
    return locked


def _noun(account: User) -> str:
    return "service_account" if account.kind == User.Kind.SERVICE else "person"
