"""What a page about a governed object says of its standing: the moves its reader can make, and what happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows
from apps.core.lifecycle import Transition
from apps.governance.models import ApprovalRequest, AuditEvent
from apps.governance.selectors import events_about, requests_about
from apps.governance.subjects import subject_of

HISTORY_MAX = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """See `standing_of`.

    Attributes:
        moves: the moves that the reader may make now, by themselves.
        open_request: the request that waits for a verdict; None without one.
        requests: all requests about the object, newest first, with their verdicts.
        history: the latest audit events about it, newest first.
    """

    may_edit: bool
    moves: list[Transition]
    open_request: ApprovalRequest | None
    requests: Sequence[ApprovalRequest]
    history: Sequence[AuditEvent]


def standing_of(*, actor: User, subject: models.Model) -> Standing:
    """Return where `subject` stands for `actor`; the caller has checked that it may be seen.

    What it says is for showing buttons; every move checks again by itself.
    """
    status = str(subject.status)  # type: ignore[attr-defined]  # every governed model has one
    own = [move for move in subject_of(subject).transitions if status in move.sources and not move.by_request]
    held = {permission: allows(actor, permission, subject) for permission in {move.permission for move in own}}
    requests = list(requests_about(subject))
    return Standing(
        may_edit=allows(actor, Permission.EDIT, subject),
        moves=[move for move in own if held[move.permission]],
        open_request=next((request for request in requests if request.is_open), None),
        requests=requests,
        history=list(events_about(subject).order_by("-pk")[:HISTORY_MAX]),
    )
