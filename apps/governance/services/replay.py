"""Asking a draft what it would have answered on the decisions of the past, before it may bind anybody."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.lifecycle import Transition
from apps.governance.documents import PolicyDocument
from apps.governance.errors import NotReplayedError
from apps.governance.fact_shapes import fitted_facts
from apps.governance.models import Decision, PolicyVersion
from apps.governance.rules import Budget
from apps.governance.selectors import visible_decisions
from apps.governance.services.audit import record_event
from apps.governance.services.decisions import document_of
from apps.governance.services.promotion import lock
from apps.governance.states import SUBMIT_POLICY, PolicyMode, PolicyStatus
from apps.governance.subjects import fact_fitters, subject_named

LAST_MAX = 1_000
ROWS_MAX = 100
CPU_LIMIT_MS = 20_000

SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Change:
    """One decision on which the draft answers otherwise than the policy did then.

    Attributes:
        was, would_be: "allowed", "denied", "demands" or "silent".
        rules: the rules of the draft that would deny or demand, and those that would no longer.
    """

    decision_id: str
    was: str
    would_be: str
    rules: list[str]

    def as_dict(self) -> dict[str, Any]:
        return {"decision_id": self.decision_id, "was": self.was, "would_be": self.would_be, "rules": self.rules}


@transaction.atomic
def replay_policy(*, actor: User, version: PolicyVersion, last: int = LAST_MAX) -> dict[str, Any]:
    """Evaluate a policy version on the facts of the last decisions in its scope that `actor` may see.

    Facts of other teams are not read: what a draft answers on them would tell its author what they are. Returns counts
    (`unseen` says how many decisions of those last were left out) and the decisions that would change. For a draft they
    are kept with it: whoever decides on it sees them. What was waived then counts as waived again.
    """
    require(actor, Permission.EDIT, version)
    locked = lock(version)
    summary = _replayed(actor, document_of(locked), locked, min(last, LAST_MAX))
    if locked.status == PolicyStatus.DRAFT:
        locked.replay = {"at": timezone.now().isoformat(), **summary}
        locked.save(update_fields=["replay"])
        counts = {name: value for name, value in summary.items() if name != "rows"}
        record_event(actor=actor, action="policyversion.replay", subject=locked, after=counts)
    return summary


def refuse_unreplayed(actor: User, version: PolicyVersion, transition: Transition) -> None:  # noqa: ARG001
    """Before a move: a draft that is to be enforced was asked about the past, where there is one."""
    if transition is not SUBMIT_POLICY or version.mode != PolicyMode.ENFORCE or version.replay is not None:
        return
    if decisions_in_scope(document_of(version)).exists():
        raise NotReplayedError(label=str(version))


def replay_facts(version: PolicyVersion) -> dict[str, Any]:
    """Return the facts "replay" of a policy version; empty where it was not replayed."""
    return {name: value for name, value in (version.replay or {}).items() if name != "rows"}


def decisions_in_scope(document: PolicyDocument) -> QuerySet[Decision]:
    """The decisions about kinds and moves that a policy is asked about, newest first."""
    return Decision.objects.filter(
        subject_type__model__in=document.scope.kinds, transition__in=document.scope.transitions
    ).select_related("subject_type")


def _replayed(actor: User, document: PolicyDocument, version: PolicyVersion, last: int) -> dict[str, Any]:
    counted: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    budget = Budget(CPU_LIMIT_MS)
    newest = list(decisions_in_scope(document).values_list("pk", flat=True)[:last])
    seen = visible_decisions(actor=actor).filter(pk__in=newest)
    counted["unseen"] = len(newest) - seen.count()
    for decision in seen:
        if budget.is_spent:
            break  # what is counted was looked at
        counted["decisions"] += 1
        change = _change(document, version.policy.key, decision)
        if change is None:
            continue
        counted["changed"] += 1
        counted[f"newly_{change.would_be}"] += 1
        if len(rows) < ROWS_MAX:
            rows.append(change.as_dict())
    names = ("decisions", "unseen", "changed", "newly_denied", "newly_allowed", "newly_demands", "newly_silent")
    return {**{name: counted[name] for name in names}, "rows": rows}


def _change(document: PolicyDocument, key: str, decision: Decision) -> Change | None:
    subject = subject_named(decision.subject_kind)
    if subject is None:
        return None
    facts, missing = fitted_facts(decision.facts, fact_fitters(subject.model))
    before = next((result["rules"] for result in decision.results if result["policy"] == key), None)
    then = None if before is None else {rule["rule"]: _outcome(rule) for rule in before}
    waived = {rule for rule, outcome in (then or {}).items() if outcome == "waived"}
    answers = document.ask(facts, missing)
    now = (
        None
        if answers is None
        else {answer.rule: "waived" if answer.rule in waived else answer.outcome for answer in answers}
    )
    was, would_be = _standing(then), _standing(now)
    broken_then, broken_now = _broken(then), _broken(now)
    if was == would_be and broken_then == broken_now:
        return None
    if {was, would_be} == {SILENT, "allowed"}:
        return None  # nobody would notice
    return Change(str(decision.pk), was, would_be, sorted(broken_then ^ broken_now))


def _outcome(rule: dict[str, Any]) -> str:
    """Return a rule's outcome in a decision; those of before there were demands know only whether it passed."""
    return str(rule.get("outcome") or ("passed" if rule["passed"] else "denied"))


def _standing(outcomes: Mapping[str, str] | None) -> str:
    if outcomes is None:
        return SILENT
    found = set(outcomes.values())
    return "denied" if "denied" in found else "demands" if "demands" in found else "allowed"


def _broken(outcomes: Mapping[str, str] | None) -> set[str]:
    return {rule for rule, outcome in (outcomes or {}).items() if outcome in ("denied", "demands")}
