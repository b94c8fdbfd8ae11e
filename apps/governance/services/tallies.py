"""Counting approvals: which are asked for, which count now, what is missing, and who could give it.

An approval counts while the person whose it is could still give it: active, allowed to approve the object, holding the
role that is asked for, and without a part in the object. Nothing of that is remembered; it is looked up at each count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import models

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, people_holding
from apps.accounts.services import hold_people
from apps.core.errors import NotFoundError
from apps.governance.models import Approval, ApprovalRequest
from apps.governance.requirements import STANDS_FOR, Requirement
from apps.governance.services.parts import parts_in
from apps.governance.states import Verdict

COULD_GIVE_MAX = 5


@dataclass(frozen=True, slots=True)
class Demand:
    """One requirement, and how far it is met.

    Attributes:
        given: approvals that count towards it.
        could_give: some of the people who could give what is missing.
    """

    requirement: Requirement
    given: int
    could_give: Sequence[User]

    @property
    def missing(self) -> int:
        return max(0, self.requirement.count - self.given)


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of a request's approvals. `not_counted` holds those that no longer count, with the reason."""

    demands: Sequence[Demand]
    counted: Sequence[Approval]
    not_counted: Sequence[tuple[Approval, str]]

    @property
    def is_met(self) -> bool:
        return all(not demand.missing for demand in self.demands)


def tally_of(request: ApprovalRequest, subject: models.Model, requirements: Sequence[Requirement]) -> Tally:
    """Count the approvals of `request` for what `subject` is now."""
    parts = parts_in(request, subject)
    counted, not_counted = [], []
    for approval in _given(request):
        why_not = _why_not(approval, subject, parts)
        if why_not:
            not_counted.append((approval, why_not))
        else:
            counted.append(approval)
    principals = {approval.principal.pk for approval in counted}
    return Tally(
        demands=[_demand(requirement, request, principals, parts) for requirement in requirements],
        counted=counted,
        not_counted=not_counted,
    )


def tally_about(request: ApprovalRequest) -> Tally:
    """Count the approvals of `request` by what was asked for when policies were last asked; for showing.

    Of a request that is closed, what counted when it was decided stands in its decision; here it says what was given.
    """
    requirements = [Requirement.from_dict(kept) for kept in request.requirements]
    try:
        subject = request.subject()
    except NotFoundError:
        return Tally(demands=[], counted=_given(request), not_counted=[])
    return tally_of(request, subject, requirements)


def hold_approvers(request: ApprovalRequest) -> None:
    """Hold everybody whose approval may count: nobody loses the right between the count and the commit."""
    hold_people(person.pk for approval in _given(request) for person in (approval.approver, approval.principal))


def _given(request: ApprovalRequest) -> Sequence[Approval]:
    given = request.approvals.filter(verdict=Verdict.APPROVE, digest=request.digest, voided_at__isnull=True)
    return list(given.select_related("approver", "delegation__delegator"))


def _why_not(approval: Approval, subject: models.Model, parts: dict[UUID, str]) -> str:
    for person in {approval.approver, approval.principal}:
        if not person.is_active:
            return f"{person.label} no longer has an account."
        if part := parts.get(person.pk):
            return f"{person.label} {part} this."
    if not allows(approval.principal, Permission.APPROVE, subject):
        return f"{approval.principal.label} may no longer approve this."
    if approval.delegation is not None and approval.delegation.revoked_at is not None:
        return f"{approval.principal.label} no longer lets {approval.approver.label} stand in."
    return ""


def _demand(
    requirement: Requirement, request: ApprovalRequest, principals: set[UUID], parts: dict[UUID, str]
) -> Demand:
    able = people_holding(STANDS_FOR[requirement.role], request.owner_team_id, request.project_id)
    given = able.filter(pk__in=principals).count()
    others = able.exclude(pk__in=[*principals, *parts]).order_by("username")
    return Demand(requirement, given, list(others[:COULD_GIVE_MAX]) if given < requirement.count else [])
