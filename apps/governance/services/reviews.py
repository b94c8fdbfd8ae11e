"""Moving a governed object to a status that somebody names: each status stands for the one move that leads there."""

from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.lifecycle import Transition
from apps.governance.errors import NothingToDecideError, UnreachableStatusError
from apps.governance.models import ApprovalRequest
from apps.governance.services.promotion import apply_transition
from apps.governance.services.requests import open_request
from apps.governance.services.verdicts import approve_request, reject_request, withdraw_request
from apps.governance.states import RequestStatus
from apps.governance.subjects import label_of, subject_of

M = TypeVar("M", bound=models.Model)


def set_status(*, actor: User, subject: M, status: str, reason: str) -> M:
    """Make the one move that leads `subject` from its status to `status`; returns it as it is then.

    A move that is made by request becomes a verdict on the open request: towards the approved status an approval,
    back to draft a rejection, or a withdrawal when the actor asked for it. A move into a status from which a request
    leads on opens that request. Call it outside a transaction: what policies decided is kept even when they refuse.

    Raises:
        UnreachableStatusError: no move leads there from where it is.
        NothingToDecideError: the move is made by request and none is open.
        Everything that `apply_transition` and `approve_request` raise.
    """
    require(actor, Permission.READ, subject)
    current = type(subject)._default_manager.get(pk=subject.pk)
    transition = _leading_to(current, status)
    if not transition.by_request:
        return submit_or_move(actor=actor, subject=current, transition=transition, reason=reason)
    request = open_request_about(current)
    if transition.gated:
        approve_request(actor=actor, request=request, comment=reason)
    elif request.requester_id == actor.pk:
        withdraw_request(actor=actor, request=request, reason=reason)
    else:
        reject_request(actor=actor, request=request, comment=reason)
    return type(subject)._default_manager.get(pk=subject.pk)


def submit_or_move(*, actor: User, subject: M, transition: Transition, reason: str) -> M:
    """Make a move that needs no request, and open the request that leads on from where it ends, if one does."""
    if transition.gated:
        return apply_transition(actor=actor, subject=subject, transition=transition, reason=reason)
    with transaction.atomic():
        moved = apply_transition(actor=actor, subject=subject, transition=transition, reason=reason)
        for onward in subject_of(moved).transitions:
            if onward.by_request and onward.gated and transition.target in onward.sources:
                open_request(actor=actor, subject=moved, transition=onward, reason=reason)
    return moved


def open_request_about(subject: models.Model) -> ApprovalRequest:
    """Return the open request about `subject`.

    Raises:
        NothingToDecideError: there is none.
    """
    kind = ContentType.objects.get_for_model(subject)
    request = ApprovalRequest.objects.filter(
        subject_type=kind, subject_id=subject.pk, status=RequestStatus.OPEN
    ).first()
    if request is None:
        raise NothingToDecideError(label=label_of(subject))
    return request


def _leading_to(subject: Any, status: str) -> Transition:
    moves = subject_of(subject).transitions
    for transition in moves:
        if transition.target == status and subject.status in transition.sources:
            return transition
    onward = sorted({str(move.target) for move in moves if subject.status in move.sources})
    raise UnreachableStatusError(
        label=label_of(subject), current=str(subject.status), wanted=status, onward=" or ".join(onward) or "nowhere"
    )
