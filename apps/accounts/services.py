"""Writes of accounts: people, roles on teams, API keys, grants on single objects."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import Permission as DjangoPermission
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from apps.accounts.errors import KeyAlreadyRevokedError, KeyRefusedError, LastManagerError, UnknownScopeError
from apps.accounts.keys import PREFIX_LENGTH, is_well_formed, key_digest, new_key
from apps.accounts.models import ApiKey, Membership, ObjectGrant, Team, User
from apps.accounts.permissions import KNOWN_SCOPES, Permission, Role
from apps.accounts.selectors import require, require_on_team
from apps.accounts.signals import account_changed
from apps.core.errors import NotFoundError

SYSTEM_USERNAME = "portal"
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `token` is shown once and not kept."""

    record: ApiKey
    token: str


def system_account() -> User:
    """Return the account under which the portal itself acts."""
    account, _ = User.objects.get_or_create(
        username=SYSTEM_USERNAME, defaults={"kind": User.Kind.SYSTEM, "first_name": "The portal"}
    )
    return account


@transaction.atomic
def create_api_key(*, actor: User, name: str, scopes: list[str], expires_at: datetime | None = None) -> NewKey:
    """Make an API key for `actor`.

    Raises:
        UnknownScopeError: one of `scopes` is none.
    """
    for scope in scopes:
        if scope not in KNOWN_SCOPES:
            raise UnknownScopeError(scope=scope, known=", ".join(KNOWN_SCOPES))
    token = new_key(for_service=actor.kind == User.Kind.SERVICE)
    record = ApiKey.objects.create(
        user=actor,
        name=name,
        prefix=token[:PREFIX_LENGTH],
        sha256=key_digest(token),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    account_changed.send(
        sender=ApiKey,
        actor=actor,
        action="api_key.created",
        subject=record,
        before=None,
        after={"name": name, "prefix": record.prefix, "scopes": record.scopes},
    )
    return NewKey(record, token)


@transaction.atomic
def revoke_api_key(*, actor: User, key: ApiKey) -> ApiKey:
    """Make a key open nothing any more, everywhere.

    Raises:
        KeyAlreadyRevokedError: somebody was faster.
    """
    locked = ApiKey.objects.select_for_update().get(pk=key.pk)
    if locked.user_id != actor.pk and not actor.is_superuser:
        raise NotFoundError
    if locked.revoked_at is not None:
        raise KeyAlreadyRevokedError
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    account_changed.send(
        sender=ApiKey,
        actor=actor,
        action="api_key.revoked",
        subject=locked,
        before={"live": True},
        after={"live": False},
    )
    return locked


def authenticate_key(token: str) -> ApiKey:
    """Return the live key of a bearer token and note that it was used.

    Raises:
        KeyRefusedError: the token is not one of ours, revoked, expired, or of somebody who may not sign in.
    """
    if not is_well_formed(token):
        raise KeyRefusedError
    key = ApiKey.objects.live().select_related("user").filter(sha256=key_digest(token)).first()
    if key is None:
        raise KeyRefusedError
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def hold_people(ids: Iterable[UUID]) -> None:
    """Lock people for the rest of the transaction: what they may do does not change until it ends.

    Whatever takes a right away locks the person first, so whoever acts on what others may do (on their approvals, say)
    can hold them and be right until the commit. They are locked in the order of their ids, after everything else.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    list(rows.values_list("pk", flat=True))


@transaction.atomic
def give_role(*, actor: User, user: User, team: Team, role: Role) -> Membership:
    """Give `user` a role on `team`; nothing happens if it is held already."""
    require_on_team(actor, Permission.MANAGE, team)
    membership, is_new = Membership.objects.get_or_create(user=user, team=team, role=role)
    if is_new:
        after = {"user": user.username, "role": str(role)}
        account_changed.send(
            sender=Membership, actor=actor, action="role.given", subject=team, before=None, after=after
        )
    return membership


@transaction.atomic
def take_role(*, actor: User, membership: Membership) -> None:
    """Take a role away.

    Raises:
        LastManagerError: it is the team's last manager.
    """
    require_on_team(actor, Permission.MANAGE, membership.team)
    hold_people([membership.user_id])
    held = Membership.objects.select_for_update().filter(team_id=membership.team_id, role=Role.MANAGER)
    if membership.role == Role.MANAGER and len(held) == 1:
        raise LastManagerError
    before = {"user": membership.user.username, "role": membership.role}
    team = membership.team
    membership.delete()
    account_changed.send(sender=Membership, actor=actor, action="role.taken", subject=team, before=before, after=None)


@transaction.atomic
def grant_access(
    *,
    actor: User,
    user: User,
    permission: Permission,
    subject: models.Model,
    effect: str = ObjectGrant.Effect.ALLOW,
    expires_at: datetime | None = None,
) -> None:
    """Allow or deny `user` one permission on one object, until `expires_at` or for good."""
    require(actor, Permission.MANAGE, subject)
    hold_people([user.pk])
    model = type(subject)
    content_type = ContentType.objects.get_for_model(model)
    row, _ = DjangoPermission.objects.get_or_create(
        content_type=content_type,
        codename=f"{permission}_{model._meta.model_name}",
        defaults={"name": f"Can {permission} {model._meta.verbose_name}"},
    )
    grant_model: type[ObjectGrant] = model._meta.get_field(model.GRANTS).related_model  # type: ignore[attr-defined, assignment]
    grant_model._default_manager.update_or_create(
        user=user, permission=row, content_object=subject, defaults={"effect": effect, "expires_at": expires_at}
    )
    account_changed.send(
        sender=grant_model,
        actor=actor,
        action="access.granted" if effect == ObjectGrant.Effect.ALLOW else "access.denied",
        subject=subject,
        before=None,
        after={"user": user.username, "permission": str(permission), "expires_at": str(expires_at or "")},
    )
