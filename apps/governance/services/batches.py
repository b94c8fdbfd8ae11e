"""Many requests, one verdict: on all of a batch, or on none of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.canonical import digest_of
from apps.core.errors import DomainError, NotFoundError
from apps.core.lifecycle import Transition
from apps.governance.errors import BatchInvalidError, BatchRefusedError, PolicyDeniedError
from apps.governance.models import ApprovalBatch, ApprovalRequest
from apps.governance.services.audit import record_event
from apps.governance.services.decisions import broken_rules
from apps.governance.services.promotion import apply_transition, lock, refuse_wrong_state
from apps.governance.services.requests import named_move, open_request
from apps.governance.services.verdicts import approve_locked, lock_for_verdict, reject_locked, withdraw_request
from apps.governance.states import RequestStatus
from apps.governance.subjects import label_of, project_of, subject_of, team_of

SIZE_MAX = 500


@transaction.atomic
def open_batch(
    *,
    actor: User,
    subject_kind: str,
    subject_ids: Sequence[UUID],
    transition: str,
    reason: str,
    due_at: datetime | None = None,
) -> ApprovalBatch:
    """Ask for the same move of many objects of one team; those that are still drafts are submitted on the way.

    Raises:
        BatchInvalidError: one of them is unknown, named twice, of another team or in another state; names each.
    """
    ids = sorted(set(subject_ids))
    if len(ids) != len(subject_ids) or not 1 <= len(ids) <= SIZE_MAX:
        why = f"Name 1 to {SIZE_MAX} objects, each once; these are {len(subject_ids)}, {len(ids)} of them different."
        raise BatchInvalidError(fields={"subject_ids": [why]})
    faults: dict[str, list[str]] = {}
    batch: ApprovalBatch | None = None
    for subject_id in ids:
        place = f"subject_ids[{subject_ids.index(subject_id)}]"
        try:
            subject, move = named_move(
                actor=actor, subject_kind=subject_kind, subject_id=subject_id, transition=transition
            )
            team = team_of(subject)
            assert team is not None, "what can be asked for belongs to a team"  # noqa: S101
            if batch is None:
                batch = ApprovalBatch.objects.create(
                    owner_team=team,
                    project=project_of(subject),
                    transition=transition,
                    reason=reason,
                    requester=actor,
                )
            if (team, project_of(subject)) != (batch.owner_team, batch.project):
                faults[place] = [f"'{label_of(subject)}' is of another team or project than the first of them."]
                continue
            submitted = _submitted(actor, subject, move, reason)
            open_request(actor=actor, subject=submitted, transition=move, reason=reason, due_at=due_at, batch=batch)
        except DomainError as error:
            faults[place] = [str(error)]
    if faults or batch is None:
        raise BatchInvalidError(fields=faults)
    record_event(
        actor=actor,
        action="approvalbatch.open",
        subject=batch,
        after={"transition": transition, "requests": len(ids), "digest": batch_digest(batch)},
        reason=reason,
    )
    return batch


def batch_digest(batch: ApprovalBatch) -> str:
    """Return the digest of everything that is asked for in `batch`, as it is now."""
    asked = batch.requests.order_by("pk").values_list("pk", "digest")
    return digest_of([[str(pk), digest] for pk, digest in asked])


def approve_batch(*, actor: User, batch: ApprovalBatch, seen_digest: str, comment: str = "") -> ApprovalBatch:
    """Approve every open request of a batch, or none.

    Raises:
        BatchRefusedError: says which refuse, and why: the actor had a part in one, one was edited, a policy refuses.
    """

    def approve(request: ApprovalRequest) -> None:
        locked = lock_for_verdict(actor, request, request.digest)
        decision = approve_locked(actor, locked, comment=comment)
        if not decision.allowed:
            raise PolicyDeniedError(rules=broken_rules(decision))

    return _on_each(actor, batch, seen_digest, approve)


def reject_batch(*, actor: User, batch: ApprovalBatch, seen_digest: str, comment: str) -> ApprovalBatch:
    """Reject every open request of a batch, or none. Raises as `approve_batch` does."""

    def reject(request: ApprovalRequest) -> None:
        locked = lock_for_verdict(actor, request, request.digest)
        reject_locked(actor, locked, comment=comment)

    return _on_each(actor, batch, seen_digest, reject)


def withdraw_batch(*, actor: User, batch: ApprovalBatch, reason: str = "") -> ApprovalBatch:
    """Take every open request of a batch back. Only its requester may."""
    return _on_each(
        actor, batch, "", lambda request: _ignore(withdraw_request(actor=actor, request=request, reason=reason))
    )


@transaction.atomic
def _on_each(
    actor: User, batch: ApprovalBatch, seen_digest: str, verdict: Callable[[ApprovalRequest], None]
) -> ApprovalBatch:
    require(actor, Permission.READ, batch)
    open_ones = list(batch.requests.filter(status=RequestStatus.OPEN).order_by("subject_id"))
    # All subjects before all requests, in one order: the order of a single verdict, taken as often as there are items.
    for request in open_ones:
        lock(request.subject())
    if seen_digest and seen_digest != batch_digest(batch):
        raise BatchRefusedError(count=1, total=len(open_ones), first="something in it was edited. Look at it again.")
    if not open_ones:
        raise NotFoundError("Nothing of this batch is open any more.")
    refused: list[dict[str, Any]] = []
    for request in open_ones:
        try:
            with transaction.atomic():
                verdict(request)
        except DomainError as error:
            refused.append({"request_id": str(request.pk), "label": request.subject_label, "why": str(error)})
    if refused:
        first = f"{refused[0]['label']}: {refused[0]['why']}"
        raise BatchRefusedError(count=len(refused), total=len(open_ones), first=first, details={"items": refused})
    return batch


def _submitted(actor: User, subject: models.Model, move: Transition, reason: str) -> models.Model:
    """Return `subject` where `move` starts from, submitted if that is one step away."""
    status = str(subject.status)  # type: ignore[attr-defined]
    if status in move.sources:
        return subject
    for step in subject_of(subject).transitions:
        if not step.gated and not step.by_request and status in step.sources and step.target in move.sources:
            return apply_transition(actor=actor, subject=subject, transition=step, reason=reason)
    refuse_wrong_state(subject, move)
    return subject


def _ignore(_: object) -> None:
    return None
