"""Verdicts on requests: by somebody who had no part in it, on what they looked at, executed in the same transaction.

Locks are taken in one order everywhere: the subject, the request, the people whose approvals count. Permission, digest,
parts, policies and the count of approvals are looked at under them, so that of two approvers, of an approval and an
edit, a withdrawal or the loss of a role, one comes first and the other sees what is true.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from apps.accounts.credentials import proof_for_verdict
from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, require
from apps.core.doors import OWN, note_asked
from apps.core.lifecycle import Transition
from apps.governance.errors import (
    AlreadyDecidedError,
    ApprovalsMissingError,
    NotYourRequestError,
    OwnWorkError,
    RequestNotOpenError,
    SubjectChangedError,
)
from apps.governance.models import Approval, ApprovalRequest, Decision, Delegation
from apps.governance.services.audit import record_event
from apps.governance.services.decisions import decide
from apps.governance.services.delegations import delegation_for
from apps.governance.services.parts import parts_in
from apps.governance.services.promotion import lock, move, refuse_unless_allowed, refuse_wrong_state
from apps.governance.services.tallies import Tally, hold_approvers, tally_of
from apps.governance.states import RequestStatus, Verdict
from apps.governance.subjects import label_of, manifest_of, subject_of


@dataclass(frozen=True, slots=True)
class Locked:
    """A request and what it is about, both locked; and by whose right a verdict is given, if not by one's own."""

    request: ApprovalRequest
    subject: models.Model
    transition: Transition
    delegation: Delegation | None = None


def approve_request(
    *, actor: User, request: ApprovalRequest, comment: str = "", seen_digest: str = ""
) -> ApprovalRequest:
    """Give an approval; with the last one that is needed, the move happens.

    The approval is for what the actor looked at: `seen_digest`, or the digest that `request` was read with.

    Raises:
        RequestNotOpenError, AlreadyDecidedError, SubjectChangedError: somebody was faster.
        OwnWorkError: the actor asked for it or had a part in it; superusers included.
        PermissionRefusedError: the actor is no approver of the team, and stands in for none.
        ConfirmationNeededError, KeyScopeError: the credential in use is not enough to decide for others.
        PolicyDeniedError: a policy in force refuses; no approval is recorded.
    """
    with transaction.atomic():
        locked = lock_for_verdict(actor, request, seen_digest or request.digest)
        decision = approve_locked(actor, locked, comment=comment)
    refuse_unless_allowed(decision)
    return locked.request


def execute_request(*, actor: User, request: ApprovalRequest) -> ApprovalRequest:
    """Make the move of a request that has all its approvals, as after a policy has come to ask for fewer.

    Raises:
        RequestNotOpenError, SubjectChangedError: somebody was faster.
        ApprovalsMissingError: says which, and who could give them.
        PolicyDeniedError: a policy in force refuses.
    """
    with transaction.atomic():
        locked = _lock(request)
        require(actor, Permission.READ, locked.subject)
        if not allows(actor, Permission.APPROVE, locked.subject):
            require(actor, Permission.EDIT, locked.subject)
        _refuse_changed(locked, locked.request.digest)
        refuse_wrong_state(locked.subject, locked.transition)
        decision = decide(actor=actor, subject=locked.subject, transition=locked.transition)
        if decision.allowed:
            tally = _counted(locked, decision)
            if not tally.is_met:
                raise _missing(tally)
            _execute(actor, locked, decision)
    refuse_unless_allowed(decision)
    return locked.request


@transaction.atomic
def reject_request(*, actor: User, request: ApprovalRequest, comment: str, seen_digest: str = "") -> ApprovalRequest:
    """Refuse what was asked for; the subject goes back to where it was submitted from."""
    locked = lock_for_verdict(actor, request, seen_digest or request.digest)
    reject_locked(actor, locked, comment=comment)
    return locked.request


@transaction.atomic
def withdraw_request(*, actor: User, request: ApprovalRequest, reason: str = "") -> ApprovalRequest:
    """Take a request back. Only its requester may."""
    locked = _lock(request)
    if locked.request.requester_id != actor.pk:
        require(actor, Permission.READ, locked.request)
        raise NotYourRequestError
    note_asked(OWN)
    _close(locked.request, RequestStatus.WITHDRAWN)
    record_event(
        actor=actor,
        action="approvalrequest.withdraw",
        subject=locked.subject,
        after={"request_id": str(locked.request.pk)},
        reason=reason,
    )
    _send_back(actor, locked.subject, reason=reason)
    return locked.request


def lock_for_verdict(actor: User, request: ApprovalRequest, seen_digest: str) -> Locked:
    """Lock subject and request, and refuse who may not decide or what has changed."""
    locked = _lock(request, refuse_closed=False)
    require(actor, Permission.READ, locked.request)
    # On the object too: who is denied it by a grant has no say through a request about it.
    require(actor, Permission.READ, locked.subject)
    parts = parts_in(locked.request, locked.subject)
    if part := parts.get(actor.pk):
        raise OwnWorkError(part=part)
    spent, has_decided = _spent(locked.request, actor)
    delegation = None
    if not has_decided and not allows(actor, Permission.APPROVE, locked.subject):
        team_id = locked.request.owner_team_id
        delegation = delegation_for(actor=actor, subject=locked.subject, team_id=team_id, excluded={*parts, *spent})
        if delegation is None:
            require(actor, Permission.APPROVE, locked.subject)
    _refuse_closed(locked.request)
    if has_decided:
        raise AlreadyDecidedError
    _refuse_changed(locked, seen_digest)
    return Locked(locked.request, locked.subject, locked.transition, delegation)


def approve_locked(actor: User, locked: Locked, *, comment: str) -> Decision:
    """Record the approval of a locked request, and make the move when none is missing; nothing if a policy denies."""
    refuse_wrong_state(locked.subject, locked.transition)
    decision = decide(actor=actor, subject=locked.subject, transition=locked.transition)
    if decision.allowed:
        _record_verdict(actor, locked, Verdict.APPROVE, comment)
        if _counted(locked, decision).is_met:
            _execute(actor, locked, decision)
    return decision


def reject_locked(actor: User, locked: Locked, *, comment: str) -> None:
    _record_verdict(actor, locked, Verdict.REJECT, comment)
    _close(locked.request, RequestStatus.REJECTED)
    _send_back(actor, locked.subject, reason=comment)


def close_as_broken(request: ApprovalRequest, decision: Decision) -> None:
    """Close an open request whose move was made by breaking the glass; the caller holds both locks."""
    _close(request, RequestStatus.BYPASSED, decision=decision)


def _lock(request: ApprovalRequest, *, refuse_closed: bool = True) -> Locked:
    subject = lock(request.subject())
    locked = ApprovalRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if refuse_closed:
        _refuse_closed(locked)
    return Locked(locked, subject, subject_of(subject).transition(locked.transition))


def _spent(request: ApprovalRequest, actor: User) -> tuple[set[UUID], bool]:
    """Return whose verdicts have been given, and whether `actor` has given one or had theirs given."""
    given = list(request.approvals.filter(voided_at__isnull=True).select_related("approver", "delegation__delegator"))
    principals = {approval.principal.pk for approval in given}
    return principals, actor.pk in principals | {approval.approver_id for approval in given}


def _counted(locked: Locked, decision: Decision) -> Tally:
    """Count the approvals, and keep on the request what was asked for: policies may have changed since it was made."""
    hold_approvers(locked.request)
    requirements = decision.requirements
    locked.request.requirements = [requirement.as_dict() for requirement in requirements]
    locked.request.approvals_needed = max((requirement.count for requirement in requirements), default=0)
    locked.request.save(update_fields=["requirements", "approvals_needed"])
    return tally_of(locked.request, locked.subject, requirements)


def _execute(actor: User, locked: Locked, decision: Decision) -> None:
    _close(locked.request, RequestStatus.EXECUTED, decision=decision)
    move(
        actor=actor,
        locked=locked.subject,
        transition=locked.transition,
        reason=locked.request.reason,
        decision=decision,
    )


def _missing(tally: Tally) -> ApprovalsMissingError:
    missing = [demand for demand in tally.demands if demand.missing]
    told = [
        f"{demand.missing} more by {demand.requirement.role.label.lower()} ({demand.requirement.because})"
        for demand in missing
    ]
    able = {person.label for demand in missing for person in demand.could_give}
    return ApprovalsMissingError(missing="; ".join(told), who=", ".join(sorted(able)) or "nobody yet")


def _record_verdict(actor: User, locked: Locked, verdict: Verdict, comment: str) -> None:
    request, proof = locked.request, proof_for_verdict()
    Approval.objects.create(
        request=request,
        approver=actor,
        delegation=locked.delegation,
        verdict=verdict,
        credential=proof,
        comment=comment,
        digest=request.digest,
        at=timezone.now(),
    )
    record_event(
        actor=actor,
        action=f"approvalrequest.{verdict}",
        subject=locked.subject,
        after={"request_id": str(request.pk), "digest": request.digest, "proved_with": proof},
        reason=comment,
        on_behalf_of=locked.delegation.delegator if locked.delegation else None,
    )


def _close(request: ApprovalRequest, status: RequestStatus, *, decision: Decision | None = None) -> None:
    request.status, request.closed_at, request.decision, request.remind_at = status, timezone.now(), decision, None
    request.save(update_fields=["status", "closed_at", "decision", "remind_at"])


def _refuse_closed(request: ApprovalRequest) -> None:
    if not request.is_open:
        raise RequestNotOpenError(status=request.get_status_display().lower())


def _refuse_changed(locked: Locked, seen_digest: str) -> None:
    _, digest = manifest_of(locked.subject)
    if not digest == locked.request.digest == seen_digest:
        raise SubjectChangedError(label=label_of(locked.subject))


def _send_back(actor: User, subject: models.Model, *, reason: str) -> None:
    """Return the subject to where it was before it was submitted, if its lifecycle says how."""
    moves = subject_of(subject).transitions
    transition = next((transition for transition in moves if transition.name == "send_back"), None)
    if transition is not None and subject.status in transition.sources:  # type: ignore[attr-defined]
        move(actor=actor, locked=subject, transition=transition, reason=reason, decision=None)
