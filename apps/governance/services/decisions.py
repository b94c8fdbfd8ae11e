"""Asking the active policies about one move of one object, and keeping what they answer."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import Role
from apps.core.canonical import canonical_bytes, sha256_digest
from apps.core.db import PreparedInsert, in_order, rows_prepared
from apps.core.errors import BrokenRule
from apps.core.ids import new_id
from apps.core.lifecycle import Transition
from apps.core.masking import masked
from apps.governance.documents import PolicyDocument, RuleResult, parse_policy
from apps.governance.errors import PolicyInvalidError
from apps.governance.fact_shapes import Faults
from apps.governance.models import Decision, Policy, PolicyVersion, Waiver
from apps.governance.requirements import Requirement, strictest
from apps.governance.rules import ENGINE
from apps.governance.selectors import waivers_for
from apps.governance.states import PolicyMode, PolicyStatus
from apps.governance.subjects import facts_about, facts_to_mask, label_of, project_of, team_of

FACTS_MAX_BYTES = 500_000  # an expression may compare all of them once for each step
DOCUMENTS_MAX = 256

Result = dict[str, Any]

INSERT = PreparedInsert(Decision)
VERSION_KNOWN = in_order(PolicyVersion, {"id", "policy_id", "number", "digest", "mode"})
POLICY_KNOWN = in_order(Policy, {"id", "key", "title"})
IN_FORCE = (  # without parameters: planned once
    f"SELECT {', '.join(f'version.{name}' for name in VERSION_KNOWN)}, "  # noqa: S608 - names of ours
    f"{', '.join(f'policy.{name}' for name in POLICY_KNOWN)} FROM {PolicyVersion._meta.db_table} version "
    f"JOIN {Policy._meta.db_table} policy ON policy.id = version.policy_id "
    f"WHERE version.status = '{PolicyStatus.ACTIVE.value}' ORDER BY policy.key"
)

_documents: dict[UUID, PolicyDocument] = {}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an object that is about to move.

    Attributes:
        values: as the rules read it.
        missing: what was gathered and is not what it should be, by place, with the reason; rules that read it deny.
        digest: of `values`.
        subject_digest: of the object's manifest, which an approval is for.
    """

    values: dict[str, Any]
    missing: Faults
    digest: str
    subject_digest: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the active policies answer on some facts, before it is kept.

    Attributes:
        results: per policy that applies: version, digest, mode and what each rule answered.
        requirements: the approvals that the move needs: the strictest demand for each role.
        latency_us: time to evaluate, in microseconds.
    """

    known: Facts
    results: list[Result]
    requirements: list[Requirement]
    latency_us: int

    @property
    def facts(self) -> dict[str, Any]:
        return self.known.values

    @property
    def allowed(self) -> bool:
        return all(result["allowed"] or result["mode"] != PolicyMode.ENFORCE for result in self.results)


def ask_policies(*, actor: User, subject: models.Model, transition: Transition) -> Opinion:
    """Return what the active policies would answer now. Keeps nothing: for pages that show what is still missing."""
    known = gather_facts(actor=actor, subject=subject, transition=transition)
    policies = active_policies(subject, transition)
    started = time.perf_counter_ns()
    asked = [answers for version in policies if (answers := _ask(version, known)) is not None]
    latency_us = (time.perf_counter_ns() - started) // 1000
    _apply_waivers(subject, asked)
    requirements = strictest(demand for answers in asked for demand in answers.demands)
    if transition.by_request and not requirements:
        requirements = [Requirement(role=Role.APPROVER, count=1, because="every request")]
    return Opinion(known, [answers.as_result() for answers in asked], requirements, latency_us)


def decide(*, actor: User, subject: models.Model, transition: Transition) -> Decision:
    """Ask the active policies about a move of `subject`, and keep the decision.

    The decision is written whether it allows or denies: let the transaction that holds it commit even when you refuse.
    """
    return keep_decision(
        ask_policies(actor=actor, subject=subject, transition=transition),
        actor=actor,
        subject=subject,
        transition=transition,
    )


def keep_decision(opinion: Opinion, *, actor: User, subject: models.Model, transition: Transition) -> Decision:
    """Write the row of the decision log."""
    kind, team, project = ContentType.objects.get_for_model(subject), team_of(subject), project_of(subject)
    given = {
        "id": new_id(),
        "at": timezone.now(),
        "actor_id": actor.pk,
        "team_id": team.pk if team else None,
        "project_id": project.pk if project else None,
        "transition": transition.name,
        "allowed": opinion.allowed,
        "subject_type_id": kind.pk,
        "subject_id": subject.pk,
        "subject_label": label_of(subject),
        "subject_digest": opinion.known.subject_digest,
        "facts": _masked_facts(opinion.facts, type(subject)),
        "facts_digest": opinion.known.digest,
        "results": opinion.results,
        "demands": [demand.as_dict() for demand in opinion.requirements],
        "engine": ENGINE,
        "latency_us": opinion.latency_us,
    }
    decision = Decision.from_db(connection.alias, INSERT.columns, [given[name] for name in INSERT.columns])
    decision._state.fields_cache |= {"actor": actor, "subject_type": kind, "team": team, "project": project}
    INSERT.run(decision)
    return decision


def _masked_facts(facts: dict[str, Any], model: type[models.Model]) -> dict[str, Any]:
    """Return `facts` without secrets. Most kinds of facts can hold none by their shape, and are not looked through."""
    suspect = {name: facts[name] for name in facts_to_mask(model) if name in facts}
    return facts | masked(suspect) if suspect else facts


def gather_facts(*, actor: User, subject: models.Model, transition: Transition) -> Facts:
    """Return the facts that policies may read about `subject`. The time of day is a fact like any other."""
    values, missing, subject_digest = facts_about(subject)
    values |= {
        "actor": {"id": str(actor.pk), "name": actor.label},
        "transition": transition.name,
        "now": timezone.now().isoformat(),
    }
    content = canonical_bytes(values)
    while len(content) > FACTS_MAX_BYTES:
        largest = max(values, key=lambda name: len(canonical_bytes(values[name])))
        missing[largest] = f"all facts together have {len(content):,} bytes; {FACTS_MAX_BYTES:,} are allowed"
        del values[largest]
        content = canonical_bytes(values)
    return Facts(values, missing, sha256_digest(content), subject_digest)


def requirements_of(subject: models.Model, transition: Transition, actor: User) -> list[Requirement]:
    """Return the approvals that a move needs as things stand; at least one, where it is made by request."""
    return ask_policies(actor=actor, subject=subject, transition=transition).requirements


def active_policies(subject: models.Model, transition: Transition) -> list[PolicyVersion]:
    """Return the active policies whose scope holds this kind of object and this move.

    What their documents say is known by id; the text of one is read only where it is not.
    """
    kind = subject._meta.model_name
    active = [_version_of(row) for row in rows_prepared(IN_FORCE)]
    return [version for version in active if _is_in_scope(version, kind, transition.name)]


def _version_of(row: tuple[Any, ...]) -> PolicyVersion:
    """Return a version from a row of `IN_FORCE`; what is not in it is read when it is asked for."""
    at = len(VERSION_KNOWN)
    version = PolicyVersion.from_db(connection.alias, VERSION_KNOWN, row[:at])
    version._state.fields_cache["policy"] = Policy.from_db(connection.alias, POLICY_KNOWN, row[at:])
    return version


def _is_in_scope(version: PolicyVersion, kind: str | None, transition: str) -> bool:
    try:
        scope = document_of(version).scope
    except PolicyInvalidError:
        said = version.document["scope"]
        return kind in said["kinds"] and transition in said["transitions"]
    return kind in scope.kinds and transition in scope.transitions


def document_of(version: PolicyVersion) -> PolicyDocument:
    """Return the document of a version, parsed once: the text of a version never changes.

    Raises:
        PolicyInvalidError: it was written for another version of the portal.
    """
    if (document := _documents.get(version.pk)) is None:
        document = parse_policy(version.source)
        if len(_documents) >= DOCUMENTS_MAX:
            _documents.clear()
        _documents[version.pk] = document
    return document


def broken_rules(decision: Decision) -> list[BrokenRule]:
    """Return the rules that made `decision` deny, for the answer to the person."""
    return [
        BrokenRule(f"{result['policy']}.{rule['rule']}", "status", _why(rule), rule["mend"])
        for result in decision.results
        if result["mode"] == PolicyMode.ENFORCE
        for rule in result["rules"]
        if rule["outcome"] == "denied"
    ]


@dataclass(slots=True)
class _Answers:
    """What the rules of one policy answered, and which of them are waived."""

    version: PolicyVersion
    always: tuple[Requirement, ...]
    rules: list[RuleResult]
    waivers: dict[str, Waiver]

    @property
    def denied(self) -> list[str]:
        return [result.rule for result in self.rules if self.outcome(result) == "denied"]

    def outcome(self, result: RuleResult) -> str:
        return "waived" if result.outcome == "denied" and result.rule in self.waivers else result.outcome

    @property
    def demands(self) -> Iterable[Requirement]:
        """Only a policy that is enforced asks for approvals."""
        if self.version.mode != PolicyMode.ENFORCE:
            return []
        return [*self.always, *(demand for result in self.rules for demand in result.demands)]

    def as_result(self) -> Result:
        version = self.version
        return {
            "policy": version.policy.key,
            "version": version.number,
            "version_id": str(version.pk),
            "title": version.policy.title,
            "digest": version.digest,
            "mode": version.mode,
            "allowed": not self.denied,
            "rules": [self._rule(result) for result in self.rules],
        }

    def _rule(self, result: RuleResult) -> dict[str, Any]:
        told = {**result.as_dict(), "outcome": self.outcome(result)}
        if told["outcome"] == "waived":
            waiver = self.waivers[result.rule]
            told["waiver"] = {"id": str(waiver.pk), "expires_at": waiver.expires_at.isoformat()}
        return told


def _ask(version: PolicyVersion, known: Facts) -> _Answers | None:
    """Return what a policy answers; None when it clearly has nothing to say."""
    try:
        document = document_of(version)
    except PolicyInvalidError as error:
        # Written for an earlier portal: what it would say cannot be told, so it denies.
        why = "This policy cannot be read by this version of the portal."
        unread = RuleResult("document", "denied", why, "Save and approve a new version of it.", "high", str(error))
        return _Answers(version, (), [unread], {})
    results = document.ask(known.values, known.missing)
    return None if results is None else _Answers(version, document.approvals, results, {})


def _apply_waivers(subject: models.Model, asked: list[_Answers]) -> None:
    """Note for each policy which of the rules that deny are waived. Costs a query only where one denies."""
    denied = {(answers.version.policy.key, rule) for answers in asked for rule in answers.denied}
    if not denied:
        return
    found: dict[tuple[str, str], Waiver] = {}
    for waiver in waivers_for(subject, policies={policy for policy, _ in denied}):
        found.setdefault((waiver.policy_key, waiver.rule), waiver)
    for answers in asked:
        key = answers.version.policy.key
        answers.waivers = {rule: waiver for (policy, rule), waiver in found.items() if policy == key}


def _why(rule: dict[str, Any]) -> str:
    return f"{rule['message']} ({rule['error']})" if rule["error"] else str(rule["message"])
