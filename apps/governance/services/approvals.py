"""Approval requests: bound to content, decided by somebody who had no part in it, executed in the same transaction."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import people_with, require, visible_to
from apps.core.errors import NotFoundError
from apps.core.lifecycle import Transition
from apps.governance.errors import (
    AlreadyDecidedError,
    NotYourRequestError,
    OwnWorkError,
    RequestAlreadyOpenError,
    RequestNotOpenError,
    SubjectChangedError,
    UnknownMoveError,
)
from apps.governance.models import Approval, ApprovalRequest, Decision
from apps.governance.services.audit import editors_of, record_event
from apps.governance.services.decisions import approvals_needed, decide
from apps.governance.services.promotion import lock, move, refuse_unless_allowed, refuse_wrong_state
from apps.governance.states import RequestStatus, Verdict
from apps.governance.subjects import label_of, manifest_of, people_of, project_of, subject_named, subject_of, team_of

DUE_IN = timedelta(days=7)


@transaction.atomic
def open_request(*, actor: User, subject: models.Model, transition: Transition, reason: str) -> ApprovalRequest:
    """Ask that `subject` be moved along `transition`. The request holds the digest of what is asked for.

    Raises:
        RequestAlreadyOpenError: the same is being asked for already.
    """
    if (refuse := subject_of(subject).may_ask) is not None:
        refuse(actor, subject)
    else:
        require(actor, Permission.EDIT, subject)
    team = team_of(subject)
    assert team is not None, "what can be asked for belongs to a team"  # noqa: S101
    manifest, digest = manifest_of(subject)
    try:
        with transaction.atomic():
            request = ApprovalRequest.objects.create(
                subject_type=ContentType.objects.get_for_model(subject),
                subject_id=subject.pk,
                subject_label=label_of(subject),
                owner_team=team,
                project=project_of(subject),
                transition=transition.name,
                digest=digest,
                manifest=manifest,
                reason=reason,
                requester=actor,
                approvals_needed=approvals_needed(subject, transition),
                due_at=timezone.now() + DUE_IN,
            )
    except IntegrityError:
        raise RequestAlreadyOpenError from None
    record_event(
        actor=actor,
        action="approvalrequest.open",
        subject=subject,
        after={"request_id": str(request.pk), "transition": transition.name, "digest": digest},
        reason=reason,
    )
    return request


def request_move(*, actor: User, subject_kind: str, subject_id: UUID, transition: str, reason: str) -> ApprovalRequest:
    """Ask for a move of any governed object, named by kind and id.

    Raises:
        NotFoundError: there is no such object that `actor` may see.
        UnknownMoveError: objects of that kind have no such move by request.
    """
    registered = subject_named(subject_kind)
    if registered is None:
        raise NotFoundError
    instance = visible_to(actor, registered.model._default_manager.filter(pk=subject_id)).first()
    if instance is None:
        raise NotFoundError
    by_request = {move.name: move for move in registered.transitions if move.by_request and move.gated}
    if transition not in by_request:
        raise UnknownMoveError(kind=subject_kind, known=", ".join(by_request), move=transition)
    refuse_wrong_state(instance, by_request[transition])
    return open_request(actor=actor, subject=instance, transition=by_request[transition], reason=reason)


def approve_request(
    *, actor: User, request: ApprovalRequest, comment: str = "", seen_digest: str = ""
) -> ApprovalRequest:
    """Give an approval; with the last one that is needed, the move happens.

    The approval is for what the actor looked at: `seen_digest`, or the digest that `request` was read with.

    Permission, digest, lineage and policies are checked under the lock of the subject, so that of two approvers,
    of an approval and an edit, or of an approval and a withdrawal, one comes first and the other sees what is true.

    Raises:
        RequestNotOpenError, AlreadyDecidedError, SubjectChangedError: somebody was faster.
        OwnWorkError: the actor asked for it or had a part in it; superusers included.
        PermissionRefusedError: the actor is no approver of the team.
        PolicyDeniedError: a policy in force refuses; no approval is recorded.
    """
    denied: Decision | None = None
    with transaction.atomic():
        locked, subject, transition = _lock_for_verdict(actor, request, seen_digest or request.digest)
        refuse_wrong_state(subject, transition)
        decision = decide(actor=actor, subject=subject, transition=transition)
        if decision.allowed:
            _record_verdict(actor=actor, request=locked, subject=subject, verdict=Verdict.APPROVE, comment=comment)
            if len(_standing_approvals(locked)) >= locked.approvals_needed:
                _close(locked, RequestStatus.EXECUTED, decision=decision)
                move(actor=actor, locked=subject, transition=transition, reason=locked.reason, decision=decision)
        else:
            denied = decision
    refuse_unless_allowed(denied)
    return locked


@transaction.atomic
def reject_request(*, actor: User, request: ApprovalRequest, comment: str) -> ApprovalRequest:
    """Refuse what was asked for; the subject goes back to where it was submitted from."""
    locked, subject, _ = _lock_for_verdict(actor, request, request.digest)
    _record_verdict(actor=actor, request=locked, subject=subject, verdict=Verdict.REJECT, comment=comment)
    _close(locked, RequestStatus.REJECTED)
    _send_back(actor, subject, reason=comment)
    return locked


@transaction.atomic
def withdraw_request(*, actor: User, request: ApprovalRequest, reason: str = "") -> ApprovalRequest:
    """Take a request back. Only its requester may."""
    subject = lock(request.subject())
    locked = ApprovalRequest.objects.select_for_update().get(pk=request.pk)
    if locked.requester_id != actor.pk:
        require(actor, Permission.READ, locked)
        raise NotYourRequestError
    _refuse_closed(locked)
    _close(locked, RequestStatus.WITHDRAWN)
    record_event(
        actor=actor,
        action="approvalrequest.withdraw",
        subject=subject,
        after={"request_id": str(locked.pk)},
        reason=reason,
    )
    _send_back(actor, subject, reason=reason)
    return locked


def subject_edited(*, actor: User, subject: models.Model) -> None:
    """Void the approvals of open requests about `subject`, which has just been edited in this transaction.

    The requests stay open, for the content as it is now. The caller holds the subject's lock.
    """
    manifest, digest = manifest_of(subject)
    now = timezone.now()
    requests = ApprovalRequest.objects.select_for_update().filter(
        subject_type=ContentType.objects.get_for_model(subject), subject_id=subject.pk, status=RequestStatus.OPEN
    )
    for request in requests.exclude(digest=digest):
        voided = request.approvals.filter(voided_at__isnull=True).update(voided_at=now)
        before, request.digest, request.manifest = request.digest, digest, manifest
        request.save(update_fields=["digest", "manifest"])
        record_event(
            actor=actor,
            action="approvalrequest.void_approvals",
            subject=subject,
            before={"digest": before},
            after={"digest": digest, "approvals_voided": voided, "request_id": str(request.pk)},
            reason="The subject was edited.",
        )


def parts_in(request: ApprovalRequest, subject: models.Model) -> dict[UUID, str]:
    """Return who may not approve the request, by user id, with the part each had."""
    return {**editors_of(subject), **people_of(subject), request.requester_id: "asked for"}


def _lock_for_verdict(
    actor: User, request: ApprovalRequest, seen_digest: str
) -> tuple[ApprovalRequest, models.Model, Transition]:
    """Lock subject and request, in this order everywhere, and refuse who may not decide or what has changed."""
    subject = lock(request.subject())
    locked = ApprovalRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    require(actor, Permission.READ, locked)
    # On the object too: who is denied it by a grant has no say through a request about it.
    require(actor, Permission.READ, subject)
    if part := parts_in(locked, subject).get(actor.pk):
        raise OwnWorkError(part=part)
    require(actor, Permission.APPROVE, locked)
    require(actor, Permission.APPROVE, subject)
    _refuse_closed(locked)
    if locked.approvals.filter(approver=actor, voided_at__isnull=True).exists():
        raise AlreadyDecidedError
    _, digest = manifest_of(subject)
    if not digest == locked.digest == seen_digest:
        raise SubjectChangedError(label=label_of(subject))
    return locked, subject, subject_of(subject).transition(locked.transition)


def _standing_approvals(request: ApprovalRequest) -> set[UUID]:
    """Return who approved what is asked for now and could still do so: a person who lost the role no longer counts."""
    able = people_with(Permission.APPROVE, request.owner_team_id, request.project_id).values("pk")
    standing = request.approvals.filter(
        verdict=Verdict.APPROVE, digest=request.digest, voided_at__isnull=True, approver__in=able
    )
    return set(standing.values_list("approver_id", flat=True))


def _record_verdict(
    *, actor: User, request: ApprovalRequest, subject: models.Model, verdict: Verdict, comment: str
) -> None:
    Approval.objects.create(
        request=request, approver=actor, verdict=verdict, comment=comment, digest=request.digest, at=timezone.now()
    )
    record_event(
        actor=actor,
        action=f"approvalrequest.{verdict}",
        subject=subject,
        after={"request_id": str(request.pk), "digest": request.digest},
        reason=comment,
    )


def _close(request: ApprovalRequest, status: RequestStatus, *, decision: Decision | None = None) -> None:
    request.status, request.closed_at, request.decision = status, timezone.now(), decision
    request.save(update_fields=["status", "closed_at", "decision"])


def _refuse_closed(request: ApprovalRequest) -> None:
    if not request.is_open:
        raise RequestNotOpenError(status=request.get_status_display().lower())


def _send_back(actor: User, subject: models.Model, *, reason: str) -> None:
    """Return the subject to where it was before it was submitted, if its lifecycle says how."""
    back: Callable[[Transition], bool] = lambda transition: transition.name == "send_back"  # noqa: E731
    transition = next(filter(back, subject_of(subject).transitions), None)
    if transition is not None and subject.status in transition.sources:  # type: ignore[attr-defined]
        move(actor=actor, locked=subject, transition=transition, reason=reason, decision=None)
