"""Breaking the glass: a move past its gates, by a named role, for a reason, told to everybody, and reviewed.

The policies are asked all the same, and what they said is kept; it does not bind. Nothing else is let off: the move
must start from where the object is, and it is audited like every other.
"""

from datetime import timedelta
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from apps.accounts.credentials import proof_for_verdict
from apps.accounts.models import User
from apps.accounts.permissions import Permission, Role
from apps.accounts.selectors import people_holding, require
from apps.core.lifecycle import Transition
from apps.governance.errors import EmergencyReviewedError, GlassError, OwnWorkError
from apps.governance.models import ApprovalRequest, EmergencyMove
from apps.governance.services.audit import record_event
from apps.governance.services.decisions import decide
from apps.governance.services.parts import parts_in_move
from apps.governance.services.promotion import lock, move, refuse_wrong_state
from apps.governance.services.reminders import tell_of_emergency
from apps.governance.services.requests import named_move
from apps.governance.services.verdicts import close_as_broken
from apps.governance.states import EmergencyVerdict, RequestStatus
from apps.governance.subjects import label_of, manifest_of, project_of, team_of

REVIEW_WITHIN = timedelta(days=1)


@transaction.atomic
def break_glass(*, actor: User, subject_kind: str, subject_id: UUID, transition: str, reason: str) -> EmergencyMove:
    """Make a gated move of an object at once, without approvals and whatever policies say.

    Raises:
        NotFoundError, UnknownMoveError: see `named_move`.
        GlassError: the actor does not hold the role on the team; superusers included.
        WrongStateError: the object is not where the move starts from.
    """
    proof_for_verdict()
    found, gated = named_move(actor=actor, subject_kind=subject_kind, subject_id=subject_id, transition=transition)
    subject = lock(found)
    team = team_of(subject)
    assert team is not None, "what is gated belongs to a team"  # noqa: S101
    if not people_holding([Role.BREAK_GLASS], team.pk).filter(pk=actor.pk).exists():
        raise GlassError(label=label_of(subject))
    refuse_wrong_state(subject, gated)
    decision = decide(actor=actor, subject=subject, transition=gated)
    now, (_, digest) = timezone.now(), manifest_of(subject)
    emergency = EmergencyMove.objects.create(
        subject_type=ContentType.objects.get_for_model(subject),
        subject_id=subject.pk,
        subject_label=label_of(subject),
        owner_team=team,
        project=project_of(subject),
        transition=gated.name,
        digest=digest,
        actor=actor,
        reason=reason,
        decision=decision,
        at=now,
        review_due_at=now + REVIEW_WITHIN,
        remind_at=now + REVIEW_WITHIN,
    )
    _close_request(subject, gated, emergency)
    record_event(
        actor=actor,
        action="emergencymove.break_glass",
        subject=emergency,
        after={
            "move": gated.name,
            "subject": f"{subject_kind}/{subject.pk}",
            "digest": digest,
            "decision_id": str(decision.pk),
            "policies_allowed": decision.allowed,
        },
        reason=reason,
    )
    tell_of_emergency(emergency)
    move(actor=actor, locked=subject, transition=gated, reason=f"Emergency: {reason}", decision=decision)
    return emergency


@transaction.atomic
def review_emergency(
    *, actor: User, emergency: EmergencyMove, verdict: EmergencyVerdict, comment: str
) -> EmergencyMove:
    """Say afterwards whether a move past the gates was justified. What it moved stays where it is.

    Raises:
        OwnWorkError: the actor made the move or had a part in the object.
        EmergencyReviewedError: somebody was faster.
    """
    proof_for_verdict()
    locked = EmergencyMove.objects.select_for_update(of=("self",)).get(pk=emergency.pk)
    require(actor, Permission.APPROVE, locked)
    parts = {**_parts(locked), locked.actor_id: "moved"}
    if part := parts.get(actor.pk):
        raise OwnWorkError(part=part)
    if locked.reviewed_at is not None:
        raise EmergencyReviewedError
    locked.reviewed_by, locked.reviewed_at, locked.remind_at = actor, timezone.now(), None
    locked.verdict, locked.review_comment = verdict, comment
    locked.save(update_fields=["reviewed_by", "reviewed_at", "remind_at", "verdict", "review_comment"])
    record_event(
        actor=actor,
        action="emergencymove.review",
        subject=locked,
        before={"reviewed": False},
        after={"reviewed": True, "verdict": str(verdict)},
        reason=comment,
    )
    return locked


def _parts(emergency: EmergencyMove) -> dict[UUID, str]:
    model = emergency.subject_type.model_class()
    assert model is not None, "the app of a governed object was removed"  # noqa: S101
    subject = model._default_manager.filter(pk=emergency.subject_id).first()
    return parts_in_move(subject, emergency.transition) if subject is not None else {}


def _close_request(subject: models.Model, transition: Transition, emergency: EmergencyMove) -> None:
    """Close the open request for the same move: there is nothing left to decide on."""
    kind = ContentType.objects.get_for_model(subject)
    requests = ApprovalRequest.objects.select_for_update(of=("self",)).filter(
        subject_type=kind, subject_id=subject.pk, transition=transition.name, status=RequestStatus.OPEN
    )
    for request in requests:
        close_as_broken(request, emergency.decision)
