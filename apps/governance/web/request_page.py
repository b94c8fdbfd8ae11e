"""What the page of an approval request shows: what changes, what the policies say, who approved, what is missing."""

from typing import Any

from apps.accounts.models import User
from apps.accounts.permissions import Permission, Role
from apps.accounts.selectors import allows, people_holding
from apps.core.web.tones import Look
from apps.governance import selectors, services
from apps.governance.comparisons import comparison_of
from apps.governance.models import ApprovalRequest
from apps.governance.services.delegations import delegation_for
from apps.governance.states import Verdict
from apps.governance.subjects import subject_of

VERDICT_LOOKS: dict[str, Look] = {Verdict.APPROVE: Look("ok", "badge-check"), Verdict.REJECT: Look("bad", "circle-x")}


def request_page(*, actor: User, asked: ApprovalRequest) -> dict[str, Any]:
    """Return the context of the page. What it offers is a courtesy; every verb checks again by itself.

    Raises:
        NotFoundError: what was asked about has been deleted.
    """
    subject = asked.subject()
    registered = subject_of(subject)
    parts = services.parts_in(asked, subject)
    opinion = None
    if asked.is_open:
        move = registered.transition(asked.transition)
        opinion = services.ask_policies(actor=actor, subject=subject, transition=move)
    tally = services.tally_of(asked, subject, opinion.requirements) if opinion else services.tally_about(asked)
    why_not = {approval.pk: why for approval, why in tally.not_counted}
    given = asked.approvals.select_related("approver", "delegation__delegator")
    delegation = None
    if asked.is_open and actor.pk not in parts and not allows(actor, Permission.APPROVE, subject):
        delegation = delegation_for(actor=actor, subject=subject, team_id=asked.owner_team_id, excluded=[*parts])
    has_decided = any(verdict.approver_id == actor.pk and verdict.voided_at is None for verdict in given)
    may_approve = delegation is not None or allows(actor, Permission.APPROVE, subject)
    return {
        "asked": asked,
        "subject": subject,
        "subject_page": registered.page(subject),
        "comparison": comparison_of(subject),
        "verdicts": [(verdict, VERDICT_LOOKS[verdict.verdict], why_not.get(verdict.pk, "")) for verdict in given],
        "tally": tally,
        "is_ready": asked.is_open and tally.is_met and (opinion is None or opinion.allowed) and tally.counted,
        "results": opinion.results if opinion else (asked.decision.results if asked.decision else []),
        "allowed": opinion.allowed if opinion else True,
        "facts": opinion.facts if opinion else (asked.decision.facts if asked.decision else {}),
        "history": selectors.events_about(subject),
        "own_part": parts.get(actor.pk),
        "delegation": delegation,
        "has_decided": has_decided,
        "may_decide": asked.is_open and may_approve and actor.pk not in parts and not has_decided,
        "may_withdraw": asked.is_open and asked.requester_id == actor.pk,
        "may_break_glass": asked.is_open and _holds_the_hammer(actor, asked),
    }


def _holds_the_hammer(actor: User, asked: ApprovalRequest) -> bool:
    return people_holding([Role.BREAK_GLASS], asked.owner_team_id).filter(pk=actor.pk).exists()
