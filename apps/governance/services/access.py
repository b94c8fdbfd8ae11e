"""Asking for access, and what a granted request gives."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from apps.accounts.errors import ExpiryPastError
from apps.accounts.models import User
from apps.accounts.services import NewKey, issue_api_key
from apps.core.doors import OWN, note_asked
from apps.core.errors import InvalidInputError
from apps.core.lifecycle import Transition
from apps.governance.access import access_kind, ends_in_words
from apps.governance.errors import NothingToCollectError, NotYourRequestError
from apps.governance.models import AccessRequest, ApprovalRequest
from apps.governance.services.requests import open_request
from apps.governance.services.reviews import open_request_about
from apps.governance.services.verdicts import withdraw_request
from apps.governance.states import GRANT_ACCESS, AccessStatus


@transaction.atomic
def ask_access(
    *, actor: User, kind: str, given: Mapping[str, Any], reason: str, expires_at: datetime | None = None
) -> AccessRequest:
    """Ask for access; an approver of the team or project that gives it decides.

    Args:
        given: what exactly, see the kind's `fields`.
        expires_at: until when it is wanted; None for good.

    Raises:
        UnknownAccessKindError: nothing of that kind can be asked for.
        AccessWishError, AccessHeldError: it is not there to be asked for, or had already.
        ExpiryPastError, InvalidInputError: the end is past, or the kind knows none.
    """
    asked = access_kind(kind)
    if expires_at is not None and not asked.may_end:
        raise InvalidInputError(fields={"expires_at": ["What is asked for has no end. Leave it out."]})
    if expires_at is not None and expires_at <= timezone.now():
        raise ExpiryPastError(fields={"expires_at": ["Name a time to come, or none."]})
    wish = asked.read(actor, given)
    request = AccessRequest.objects.create(
        kind=asked.name,
        owner_team=wish.team,
        project=wish.project,
        requester=actor,
        beneficiary=wish.beneficiary or actor,
        details=wish.details,
        wish=f"{wish.words}{ends_in_words(expires_at)}"[:300],
        expires_at=expires_at,
        reason=reason,
    )
    open_request(actor=actor, subject=request, transition=GRANT_ACCESS, reason=reason)
    return request


def withdraw_access_request(*, actor: User, request: AccessRequest, reason: str = "") -> ApprovalRequest:
    """Take a wish back. Only whoever asked may.

    Raises:
        NothingToDecideError: it is decided already.
        NotYourRequestError, NotFoundError: somebody else asked.
    """
    return withdraw_request(actor=actor, request=open_request_about(request), reason=reason)


@transaction.atomic
def collect_key(*, actor: User, request: AccessRequest) -> NewKey:
    """Make the key that was granted, once; whoever asked for it, and nobody else, is shown it.

    Raises:
        NotYourRequestError: somebody else asked.
        NothingToCollectError: it is no granted request for a key, its time is over, or the key has been made.
    """
    locked = AccessRequest.objects.select_for_update(of=("self",)).select_related("beneficiary").get(pk=request.pk)
    if locked.requester_id != actor.pk:
        raise NotYourRequestError("Only the person who asked for the key can have it made.")
    note_asked(OWN)
    if locked.kind != "key" or locked.status != AccessStatus.GRANTED:
        raise NothingToCollectError(why="none was granted")
    if locked.collected_at is not None:
        raise NothingToCollectError(why="it has been made already")
    if locked.expires_at is not None and locked.expires_at <= timezone.now():
        raise NothingToCollectError(why="the time for which it was granted is over")
    details = {name: locked.details[name] for name in ("name", "scopes", "networks")}
    made = issue_api_key(actor=actor, owner=locked.beneficiary, expires_at=locked.expires_at, **details)
    locked.collected_at = timezone.now()
    locked.save(update_fields=["collected_at"])
    return made


def grant_what_was_asked(actor: User, request: AccessRequest, transition: Transition) -> None:
    """Do what was asked for, in the transaction of the approval that was still missing."""
    if transition.target == AccessStatus.GRANTED:
        access_kind(request.kind).grant(actor, request)


def refuse_asking_for_others(actor: User, request: models.Model) -> None:
    """Refuse to open a request about somebody else's wish: it is opened when it is made.

    Raises:
        NotYourRequestError.
    """
    if getattr(request, "requester_id", None) != actor.pk:
        raise NotYourRequestError
