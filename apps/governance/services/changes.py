"""Changes: where a prompt's label, a budget or an endpoint points to next, each as an object that is decided on.

What is to change, from what to what, is a row of its own with a `ChangeStatus`. Where policies want nothing it is made
as it is written; where they want approvals it waits, and an approval is of exactly that row. What it changes is
written by the `before_move` of its `Subject`, under the lock of what it changes, and refused where that has moved on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from apps.accounts.models import User
from apps.core.lifecycle import Transition
from apps.governance.errors import ChangePendingError
from apps.governance.models import ApprovalRequest, Decision
from apps.governance.services.decisions import decide
from apps.governance.services.promotion import move
from apps.governance.services.requests import open_request
from apps.governance.services.reviews import open_request_about
from apps.governance.states import ChangeStatus
from apps.governance.subjects import label_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change: the policies' decision, and the request that it waits for, if it waits."""

    decision: Decision
    request: ApprovalRequest | None = None


def make_or_ask(
    *,
    actor: User,
    change: models.Model,
    transition: Transition,
    reason: str,
    rivals: "models.QuerySet[Any]",
    keep: Callable[[Decision], None] | None = None,
) -> Outcome:
    """Make a change that is not kept yet; where policies want approvals for it, keep it and ask for them.

    Call it in a transaction, with what is to be changed locked and the actor's permission looked at. Once that has
    committed, hand the decision to `refuse_unless_allowed`: of a change that is denied nothing else is left.

    Args:
        rivals: changes of the same, whatever their status. While one of them waits no second is asked for, since only
            one of the two could be made; a change that needs no approval is made all the same.
        keep: writes the change and what it needs, given the decision; None for a change that is only a row.

    Raises:
        ChangePendingError: approvals are wanted, and a rival waits for its own.
        whatever the subject's `before_move` refuses with.
    """
    decision = decide(actor=actor, subject=change, transition=transition)
    if not decision.allowed:
        return Outcome(decision)
    if decision.demands:
        _refuse_second(rivals.filter(status=ChangeStatus.PROPOSED).first())
    if keep is not None:
        keep(decision)
    else:
        change.save(force_insert=True)
    if decision.demands:
        return Outcome(decision, open_request(actor=actor, subject=change, transition=transition, reason=reason))
    move(actor=actor, locked=change, transition=transition, reason=reason, decision=decision)
    return Outcome(decision)


def _refuse_second(waiting: models.Model | None) -> None:
    if waiting is not None:
        request = open_request_about(waiting)
        raise ChangePendingError(label=label_of(waiting), details={"request_id": str(request.pk)})
