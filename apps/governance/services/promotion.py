"""The one promotion path: lock, permission, state, policies, move, audit - in one transaction.

Model and dataset status, prompt label, endpoint target, policy activation: every pointer that matters is moved by
`apply_transition`, or by an approved request (`approvals.approve_request`), and by nothing else.
"""

from typing import Any, TypeVar

from django.db import models, transaction

from apps.accounts.models import User
from apps.accounts.selectors import require
from apps.core.errors import NotFoundError
from apps.core.lifecycle import Transition
from apps.governance.errors import NeedsApprovalError, PolicyDeniedError, WrongStateError
from apps.governance.models import Decision
from apps.governance.services.audit import record_event
from apps.governance.services.decisions import broken_rules, decide
from apps.governance.subjects import label_of, subject_of

M = TypeVar("M", bound=models.Model)


def apply_transition(*, actor: User, subject: M, transition: Transition, reason: str) -> M:
    """Move `subject` along `transition` and record who did it, when and why.

    The row is locked first: of two people pressing the button, one succeeds and the other gets `WrongStateError`.
    Returns the locked row; use it instead of `subject`. Call it outside a transaction when the move is gated, so that
    the decision is kept when the policies refuse.

    Raises:
        NotFoundError, PermissionRefusedError: the actor may not.
        WrongStateError: the subject is not in a state that the move starts from.
        NeedsApprovalError: the move is made by approving a request.
        PolicyDeniedError: a policy in force refuses.
    """
    denied: Decision | None = None
    with transaction.atomic():
        locked = lock(subject)
        require(actor, transition.permission, locked)
        refuse_wrong_state(locked, transition)
        if transition.by_request:
            raise NeedsApprovalError(label=label_of(locked))
        decision = decide(actor=actor, subject=locked, transition=transition) if transition.gated else None
        if decision is not None and not decision.allows_at_once:
            denied = decision
        else:
            move(actor=actor, locked=locked, transition=transition, reason=reason, decision=decision)
    refuse_unless_at_once(denied, label=label_of(locked))
    return locked


def refuse_unless_at_once(decision: Decision | None, *, label: str) -> None:
    """Raise for a decision that does not let a move be made without a request; call it as `refuse_unless_allowed`.

    Raises:
        PolicyDeniedError: a policy denies.
        NeedsApprovalError: a policy asks for approvals.
    """
    refuse_unless_allowed(decision)
    if decision is not None and decision.demands:
        asked = ", ".join(f"{demand.count} by {demand.role.label.lower()}" for demand in decision.requirements)
        because = ", ".join(sorted({demand.because for demand in decision.requirements}))
        raise NeedsApprovalError(
            f"'{label}' needs approvals for this: {asked} (asked for by {because}). Ask for it by a request."
        )


def refuse_unless_allowed(denied: Decision | None) -> None:
    """Raise for a decision that denied; call it once the transaction that holds the decision has committed.

    Raises:
        PolicyDeniedError: names every rule that refuses, and how to mend it.
    """
    if denied is None or denied.allowed:
        return
    rules = broken_rules(denied)
    message = "Not allowed by policy: " + " ".join(rule.message for rule in rules)
    raise PolicyDeniedError(message, rules=rules, details={"decision_id": str(denied.pk)})


def lock(subject: M) -> M:
    """Return the row of `subject`, locked for the rest of the transaction.

    Raises:
        NotFoundError: it is gone.
    """
    locked = type(subject)._default_manager.select_for_update(of=("self",)).filter(pk=subject.pk).first()
    if locked is None:
        raise NotFoundError(f"{label_of(subject)} no longer exists.")
    return locked


def refuse_wrong_state(locked: models.Model, transition: Transition) -> None:
    status = str(locked.status)  # type: ignore[attr-defined]  # every governed model has one
    if status not in transition.sources:
        wanted = " or ".join(sorted(transition.sources))
        raise WrongStateError(label=label_of(locked), current=status, wanted=wanted)


def move(*, actor: User, locked: Any, transition: Transition, reason: str, decision: Decision | None) -> None:
    """Write the new status of a locked row and the audit event. Everything has been checked by the caller."""
    if hook := subject_of(locked).before_move:
        hook(actor, locked, transition)
    before, locked.status = locked.status, transition.target
    locked.save(update_fields=["status"])
    after = {"status": str(transition.target)}
    if decision is not None:
        after["decision_id"] = str(decision.pk)
    record_event(
        actor=actor,
        action=f"{locked._meta.model_name}.{transition.name}",
        subject=locked,
        before={"status": str(before)},
        after=after,
        reason=reason,
    )
