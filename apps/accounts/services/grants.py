"""Grants on single objects: the exceptions that roles do not cover."""

from datetime import datetime

from django.contrib.auth.models import Permission as DjangoPermission
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.errors import ExpiryPastError, NotGrantableError, OwnDenialError
from apps.accounts.models import ObjectGrant, User
from apps.accounts.permissions import GRANTABLE, Permission
from apps.accounts.selectors.objects import grant_model_of, require
from apps.accounts.services.accounts import hold_people
from apps.accounts.signals import announce


@transaction.atomic
def grant_access(
    *,
    actor: User,
    user: User,
    permission: Permission,
    subject: models.Model,
    effect: str = ObjectGrant.Effect.ALLOW,
    expires_at: datetime | None = None,
    reason: str = "",
) -> ObjectGrant:
    """Allow or deny `user` one permission on one object that `actor` manages, until `expires_at` or for good.

    Raises:
        NotFoundError, PermissionRefusedError: `actor` does not manage the object.
        OwnDenialError: it would lift a denial of the actor's own.
        NotGrantableError, ExpiryPastError: see `confer_access`.
    """
    require(actor, Permission.MANAGE, subject)
    return confer_access(
        actor=actor,
        user=user,
        permission=permission,
        subject=subject,
        effect=effect,
        expires_at=expires_at,
        reason=reason,
    )


@transaction.atomic
def confer_access(
    *,
    actor: User,
    user: User,
    permission: Permission,
    subject: models.Model,
    effect: str = ObjectGrant.Effect.ALLOW,
    expires_at: datetime | None = None,
    reason: str = "",
) -> ObjectGrant:
    """Make a grant whose making something else has allowed, such as an approved request.

    Raises:
        NotGrantableError: the permission follows from roles alone; it can be denied.
        OwnDenialError: it would lift a denial of the actor's own.
        ExpiryPastError: it would not be in force at all.
    """
    if effect == ObjectGrant.Effect.ALLOW and permission not in GRANTABLE:
        raise NotGrantableError(permission=str(permission))
    if expires_at is not None and expires_at <= timezone.now():
        raise ExpiryPastError(fields={"expires_at": ["Name a time to come, or none."]})
    hold_people([user.pk])
    known = _known(user, permission, subject)
    if known is not None:
        _refuse_lifting_own(actor, known)
    given = {"effect": effect, "expires_at": expires_at, "given_by": actor, "given_at": timezone.now()}
    grant, _ = grant_model_of(type(subject)).objects.update_or_create(
        user=user,
        permission=_permission_row(permission, subject),
        content_object=subject,
        defaults=given,
    )
    announce(
        actor=actor,
        action="access.granted" if effect == ObjectGrant.Effect.ALLOW else "access.denied",
        subject=subject,
        before=_described(known) if known else None,
        after=_described(grant),
        reason=reason,
    )
    return grant


@transaction.atomic
def revoke_grant(*, actor: User, grant: ObjectGrant, reason: str = "") -> None:
    """End a grant or a denial before its time.

    Raises:
        NotFoundError, PermissionRefusedError: `actor` does not manage the object.
        OwnDenialError: it is a denial of the actor's own.
    """
    subject: models.Model = grant.content_object  # type: ignore[attr-defined]  # of every inheriting model
    require(actor, Permission.MANAGE, subject)
    _refuse_lifting_own(actor, grant)
    before = _described(grant)
    if type(grant).objects.filter(pk=grant.pk).delete()[0]:
        announce(actor=actor, action="access.revoked", subject=subject, before=before, reason=reason)


def _known(user: User, permission: Permission, subject: models.Model) -> ObjectGrant | None:
    codename = f"{permission}_{subject._meta.model_name}"
    grants = grant_model_of(type(subject)).objects.select_for_update(of=("self",))
    found: QuerySet[ObjectGrant] = grants.filter(user=user, content_object=subject, permission__codename=codename)  # type: ignore[misc]
    return found.first()


def _permission_row(permission: Permission, subject: models.Model) -> DjangoPermission:
    """Return guardian's row for a permission on the kind of `subject`."""
    row, _ = DjangoPermission.objects.get_or_create(
        content_type=ContentType.objects.get_for_model(subject),
        codename=f"{permission}_{subject._meta.model_name}",
        defaults={"name": f"Can {permission} {subject._meta.verbose_name}"},
    )
    return row


def _refuse_lifting_own(actor: User, grant: ObjectGrant) -> None:
    if grant.effect == ObjectGrant.Effect.DENY and grant.is_current and grant.user_id == actor.pk:
        raise OwnDenialError


def _described(grant: ObjectGrant) -> dict[str, str | None]:
    return {
        "user": grant.user.username,
        "permission": grant.verb,
        "effect": grant.effect,
        "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
    }
