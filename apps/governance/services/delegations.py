"""Standing in for an approver."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, has_role_on, require_on_team
from apps.accounts.services import hold_people
from apps.core.errors import NotFoundError
from apps.governance.errors import DelegationInvalidError, DelegationOverError
from apps.governance.models import Delegation
from apps.governance.services.audit import record_event

LONGEST = timedelta(days=90)


@transaction.atomic
def delegate_approvals(
    *, actor: User, delegate: User, team: Team, starts_at: datetime, ends_at: datetime, reason: str
) -> Delegation:
    """Let `delegate` give the verdicts that `actor` could give on requests of `team`, for a while.

    Raises:
        PermissionRefusedError: the actor holds no role on the team by which they approve themselves.
        DelegationInvalidError: the dates do not fit, or the delegate cannot even see what they would decide.
    """
    if not has_role_on(actor, Permission.APPROVE, team.pk):
        require_on_team(actor, Permission.APPROVE, team)
    faults = _faults(actor, delegate, team, starts_at, ends_at)
    if faults:
        raise DelegationInvalidError(fields=faults)
    delegation = Delegation.objects.create(
        delegator=actor, delegate=delegate, team=team, starts_at=starts_at, ends_at=ends_at, reason=reason
    )
    record_event(
        actor=actor,
        action="delegation.give",
        subject=delegation,
        after={"delegate": delegate.username, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()},
        reason=reason,
    )
    return delegation


@transaction.atomic
def revoke_delegation(*, actor: User, delegation: Delegation, reason: str = "") -> Delegation:
    """End a delegation. What was approved under it and has not been executed no longer counts.

    Raises:
        NotFoundError: it is neither the actor's own nor one of a team that the actor manages.
        DelegationOverError: it has ended already.
    """
    hold_people([delegation.delegator_id, delegation.delegate_id])
    locked = Delegation.objects.select_for_update(of=("self",)).get(pk=delegation.pk)
    if locked.delegator_id != actor.pk and not has_role_on(actor, Permission.MANAGE, locked.team_id):
        raise NotFoundError
    if locked.revoked_at is not None or locked.ends_at <= timezone.now():
        raise DelegationOverError
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    record_event(
        actor=actor,
        action="delegation.revoke",
        subject=locked,
        before={"ends_at": locked.ends_at.isoformat()},
        after={"revoked_at": locked.revoked_at.isoformat()},
        reason=reason,
    )
    return locked


def delegation_for(
    *, actor: User, subject: models.Model, team_id: UUID, excluded: Collection[UUID]
) -> Delegation | None:
    """Return a delegation by which `actor` may give a verdict about `subject` now, or None.

    Args:
        excluded: whose right cannot be used: they had a part, or have given their verdict already.
    """
    given = Delegation.objects.in_force().filter(delegate=actor, team_id=team_id)
    for delegation in given.exclude(delegator__in=excluded).select_related("delegator").order_by("pk"):
        if allows(delegation.delegator, Permission.APPROVE, subject):
            return delegation
    return None


def _faults(actor: User, delegate: User, team: Team, starts_at: datetime, ends_at: datetime) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if delegate.pk == actor.pk:
        faults["delegate"] = ["You cannot stand in for yourself. Name somebody else."]
    elif delegate.kind != User.Kind.PERSON or not delegate.is_active:
        faults["delegate"] = ["Only a person with an account can stand in."]
    elif not has_role_on(delegate, Permission.READ, team.pk):
        faults["delegate"] = [f"{delegate.label} has no role on {team} and would not see its requests."]
    if ends_at <= max(starts_at, timezone.now()):
        faults["ends_at"] = ["It would end before it begins to be of use. Choose a later end."]
    elif ends_at - starts_at > LONGEST:
        faults["ends_at"] = [f"It lasts more than {LONGEST.days} days. Give the role itself for that long."]
    return faults
