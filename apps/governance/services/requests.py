"""Asking for a move: a request holds the digest of exactly what is asked for."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, visible_to
from apps.core.errors import NotFoundError
from apps.core.lifecycle import Transition
from apps.governance.errors import DueDateError, RequestAlreadyOpenError, UnknownMoveError
from apps.governance.models import ApprovalBatch, ApprovalRequest
from apps.governance.services.audit import record_event
from apps.governance.services.decisions import ask_policies
from apps.governance.services.promotion import refuse_wrong_state
from apps.governance.states import RequestStatus
from apps.governance.subjects import label_of, manifest_of, project_of, subject_named, subject_of, team_of

DUE_IN = timedelta(days=7)
REMIND_FIRST_IN = timedelta(days=2)


@transaction.atomic
def open_request(
    *,
    actor: User,
    subject: models.Model,
    transition: Transition,
    reason: str,
    due_at: datetime | None = None,
    batch: ApprovalBatch | None = None,
) -> ApprovalRequest:
    """Ask that `subject` be moved along `transition`. The request holds the digest of what is asked for.

    Args:
        due_at: until when a verdict is wanted; in a week when it is None.

    Raises:
        RequestAlreadyOpenError: the same is being asked for already.
        DueDateError: that moment has passed.
    """
    refuse_asker(actor, subject)
    team = team_of(subject)
    assert team is not None, "what can be asked for belongs to a team"  # noqa: S101
    now = timezone.now()
    if due_at is not None and due_at <= now:
        raise DueDateError(fields={"due_at": ["This moment has passed. Choose one to come, or leave it out."]})
    manifest, digest = manifest_of(subject)
    demanded = ask_policies(actor=actor, subject=subject, transition=transition).requirements
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
                approvals_needed=max((demand.count for demand in demanded), default=0),
                requirements=[demand.as_dict() for demand in demanded],
                due_at=due_at or now + DUE_IN,
                remind_at=now + REMIND_FIRST_IN,
                batch=batch,
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


def request_move(
    *,
    actor: User,
    subject_kind: str,
    subject_id: UUID,
    transition: str,
    reason: str,
    due_at: datetime | None = None,
) -> ApprovalRequest:
    """Ask for a move of any governed object, named by kind and id.

    Raises:
        NotFoundError: there is no such object that `actor` may see.
        UnknownMoveError: objects of that kind have no such move by request.
    """
    subject, move = named_move(actor=actor, subject_kind=subject_kind, subject_id=subject_id, transition=transition)
    refuse_asker(actor, subject)
    refuse_wrong_state(subject, move)
    return open_request(actor=actor, subject=subject, transition=move, reason=reason, due_at=due_at)


def refuse_asker(actor: User, subject: models.Model) -> None:
    """Refuse who may not ask for a move of `subject`: whoever cannot edit it, unless its kind says otherwise."""
    if (refuse := subject_of(subject).may_ask) is not None:
        refuse(actor, subject)
    else:
        require(actor, Permission.EDIT, subject)


def named_move(*, actor: User, subject_kind: str, subject_id: UUID, transition: str) -> tuple[models.Model, Transition]:
    """Return the object of that kind and id, and its gated move of that name.

    Raises:
        NotFoundError: there is no such object that `actor` may see.
        UnknownMoveError: objects of that kind have no such move that is decided on.
    """
    registered = subject_named(subject_kind)
    if registered is None:
        raise NotFoundError
    subject = visible_to(actor, registered.model._default_manager.filter(pk=subject_id)).first()
    if subject is None:
        raise NotFoundError
    gated = {move.name: move for move in registered.transitions if move.gated}
    if transition not in gated:
        raise UnknownMoveError(kind=subject_kind, known=", ".join(gated), move=transition)
    return subject, gated[transition]


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
