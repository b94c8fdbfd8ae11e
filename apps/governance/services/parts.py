"""Who may not approve: everybody who had a part in the object, in the request, or in the rules that decide on it."""

from uuid import UUID

from django.db import models

from apps.governance.models import ApprovalRequest
from apps.governance.services.audit import editors_of
from apps.governance.services.decisions import active_policies
from apps.governance.states import PolicyMode
from apps.governance.subjects import people_of, subject_of


def parts_in(request: ApprovalRequest, subject: models.Model) -> dict[UUID, str]:
    """Return who may not approve the request, by user id, with the part each had."""
    return {**parts_in_move(subject, request.transition), request.requester_id: "asked for"}


def parts_in_move(subject: models.Model, transition: str) -> dict[UUID, str]:
    """Return who had a part in `subject` or in the policies that decide on this move of it.

    Who wrote the rule decides nothing under it: else the way around a rule is to change it first.
    """
    move = subject_of(subject).transition(transition)
    authors = {
        version.created_by_id: "wrote the policy that decides on"
        for version in active_policies(subject, move)
        if version.mode == PolicyMode.ENFORCE
    }
    return {**authors, **editors_of(subject), **people_of(subject)}
