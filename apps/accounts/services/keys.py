"""API keys: made, followed by a new one, revoked, and recognised."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.errors import (
    AccountDisabledError,
    KeyAlreadyRevokedError,
    KeyNetworkError,
    KeyNotRotatableError,
    KeyRefusedError,
    KeyWiderError,
    NotAServiceAccountError,
    OverlapOutOfRangeError,
    UnknownScopeError,
)
from apps.accounts.keys import PREFIX_LENGTH, is_well_formed, key_digest, new_key
from apps.accounts.models import ApiKey, User
from apps.accounts.networks import all_within, is_within, plain_networks
from apps.accounts.permissions import KNOWN_SCOPES, Permission
from apps.accounts.selectors.reach import held_roles
from apps.accounts.selectors.scopes import reaches, require_on
from apps.accounts.signals import announce
from apps.core.errors import NotFoundError

USE_NOTED_EVERY = timedelta(minutes=1)
OVERLAP_HOURS, OVERLAP_HOURS_MOST = 24, 7 * 24


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `token` is shown once and not kept."""

    record: ApiKey
    token: str


@transaction.atomic
def create_api_key(
    *,
    actor: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    networks: Iterable[str] = (),
    owner: User | None = None,
    by_key: ApiKey | None = None,
) -> NewKey:
    """Make an API key for `actor`, or for a service account of a team that `actor` manages.

    Args:
        networks: where it may be used from, such as "203.0.113.0/24"; none: from anywhere.
        by_key: the key that `actor` makes it with, if it is one: the new key reaches no further than that.

    Raises:
        UnknownScopeError, NotANetworkError: one of `scopes` or `networks` is none.
        NotAServiceAccountError, NotFoundError, PermissionRefusedError, AccountDisabledError: not for that owner.
        KeyWiderError: it would live longer than `by_key`, or be usable from elsewhere.
    """
    if owner is not None and owner.pk != actor.pk:
        _refuse_unless_managed(actor, owner)
    return issue_api_key(
        actor=actor,
        owner=owner or actor,
        name=name,
        scopes=scopes,
        expires_at=expires_at,
        networks=networks,
        by_key=by_key,
    )


@transaction.atomic
def issue_api_key(
    *,
    actor: User,
    owner: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    networks: Iterable[str] = (),
    by_key: ApiKey | None = None,
) -> NewKey:
    """Make a key whose making something else has allowed, such as an approved request; see `create_api_key`."""
    for scope in scopes:
        if scope not in KNOWN_SCOPES:
            raise UnknownScopeError(scope=scope, known=", ".join(KNOWN_SCOPES))
    # Under its lock: an account that is being disabled is not given a key that nobody revokes.
    owner = User.objects.select_for_update(no_key=True, of=("self",)).get(pk=owner.pk)
    if not owner.is_active:
        raise AccountDisabledError(name=owner.label)
    kept = plain_networks(networks)
    _refuse_wider(by_key, expires_at, kept)
    given = {"name": name, "scopes": sorted(set(scopes)), "networks": kept, "expires_at": expires_at}
    made = _store(owner, created_by=actor, **given)
    announce(actor=actor, action="api_key.created", subject=made.record, after=_described(made.record))
    return made


@transaction.atomic
def rotate_api_key(
    *, actor: User, key: ApiKey, overlap_hours: int = OVERLAP_HOURS, by_key: ApiKey | None = None
) -> NewKey:
    """Make the key that follows `key`, with its name, scopes and networks; the old one lives on for some hours.

    A key that expires is followed by one of the same lifetime, counted from now.

    Raises:
        NotFoundError: it is not the actor's to change.
        OverlapOutOfRangeError: `overlap_hours` is not 0 to 168.
        KeyNotRotatableError: it is dead, or another key follows it already.
        KeyWiderError: see `create_api_key`.
    """
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MOST:
        raise OverlapOutOfRangeError(given=overlap_hours, most=OVERLAP_HOURS_MOST)
    old = _locked(actor, key)
    if not old.is_live:
        raise KeyNotRotatableError(why="opens nothing any more")
    if hasattr(old, "replaced_by"):
        raise KeyNotRotatableError(why="is followed by another already")
    now = timezone.now()
    expires_at = now + (old.expires_at - old.created_at) if old.expires_at else None
    _refuse_wider(by_key, expires_at, old.networks)
    given = {"name": old.name, "scopes": old.scopes, "networks": old.networks, "expires_at": expires_at}
    made = _store(old.user, created_by=actor, replaces=old, **given)
    ends = now + timedelta(hours=overlap_hours)
    old.expires_at = min(old.expires_at or ends, ends)
    old.save(update_fields=["expires_at"])
    ends_at = {"ends_at": old.expires_at.isoformat()}
    announce(actor=actor, action="api_key.replaced", subject=old, after={**ends_at, "by": made.record.prefix})
    after = {**_described(made.record), "follows": old.prefix, "old_ends_at": old.expires_at.isoformat()}
    announce(actor=actor, action="api_key.rotated", subject=made.record, before={"prefix": old.prefix}, after=after)
    return made


@transaction.atomic
def revoke_api_key(*, actor: User, key: ApiKey) -> ApiKey:
    """Make a key open nothing any more, everywhere.

    Raises:
        NotFoundError: it is not the actor's to change.
        KeyAlreadyRevokedError: somebody was faster.
    """
    locked = _locked(actor, key)
    if locked.revoked_at is not None:
        raise KeyAlreadyRevokedError
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    announce(actor=actor, action="api_key.revoked", subject=locked, before={"live": True}, after={"live": False})
    return locked


def authenticate_key(token: str, *, address: str = "") -> ApiKey:
    """Return the live key of a bearer token and note that it was used.

    Args:
        address: from where it is used; a key that is bound to networks is refused from an unknown one.

    Raises:
        KeyRefusedError: the token is not one of ours, revoked, expired, or of somebody who may not sign in.
        KeyNetworkError: it may not be used from there.
    """
    if not is_well_formed(token):
        raise KeyRefusedError
    keys = ApiKey.objects.live().select_related("user").annotate(roles_of_owner=held_roles("user_id"))
    key = keys.filter(sha256=key_digest(token)).first()
    if key is None:
        raise KeyRefusedError
    if key.networks and not is_within(address, key.networks):
        raise KeyNetworkError(address=address or "an unknown address")
    key.user.held_roles = key.roles_of_owner  # type: ignore[attr-defined]  # annotated above
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _store(owner: User, **given: Any) -> NewKey:
    token = new_key(for_service=owner.kind == User.Kind.SERVICE)
    record = ApiKey.objects.create(user=owner, prefix=token[:PREFIX_LENGTH], sha256=key_digest(token), **given)
    return NewKey(record, token)


def _locked(actor: User, key: ApiKey) -> ApiKey:
    locked: ApiKey = ApiKey.objects.select_for_update(of=("self",)).select_related("user__team").get(pk=key.pk)
    owner = locked.user
    manages = owner.team is not None and reaches(actor, Permission.MANAGE, owner.team)
    if owner.pk != actor.pk and not actor.is_superuser and not manages:
        raise NotFoundError
    return locked


def _refuse_unless_managed(actor: User, owner: User) -> None:
    if owner.kind != User.Kind.SERVICE or owner.team is None:
        raise NotAServiceAccountError
    require_on(actor, Permission.MANAGE, owner.team)


def _refuse_wider(by_key: ApiKey | None, expires_at: datetime | None, networks: list[str]) -> None:
    if by_key is None:
        return
    if by_key.expires_at is not None and (expires_at is None or expires_at > by_key.expires_at):
        raise KeyWiderError(what="live longer than it", fields={"expires_at": [f"At most {by_key.expires_at:%c}."]})
    if by_key.networks and not (networks and all_within(networks, by_key.networks)):
        within = ", ".join(by_key.networks)
        raise KeyWiderError(what="be used from elsewhere", fields={"networks": [f"Within {within}."]})


def _described(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "prefix": key.prefix,
        "owner": key.user.username,
        "scopes": key.scopes,
        "networks": key.networks,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }
