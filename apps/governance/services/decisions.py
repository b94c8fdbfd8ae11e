"""Asking the active policies about one move of one object."""

import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from apps.accounts.models import User
from apps.core.canonical import digest_of
from apps.core.errors import BrokenRule
from apps.core.lifecycle import Transition
from apps.governance.documents import PolicyDocument, parse_policy
from apps.governance.models import Decision, PolicyVersion
from apps.governance.requirements import Requirement, required_by
from apps.governance.states import PolicyMode, PolicyStatus
from apps.governance.subjects import fact_providers, label_of, manifest_of, project_of, team_of

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the active policies answer on some facts, before it is kept.

    Attributes:
        results: per policy in scope: version, digest, mode and what each rule answered.
        latency_us: time to evaluate, in microseconds.
    """

    facts: dict[str, Any]
    results: list[Result]
    latency_us: int

    @property
    def allowed(self) -> bool:
        return all(result["allowed"] or result["mode"] != PolicyMode.ENFORCE for result in self.results)

    @property
    def requirements(self) -> list[Requirement]:
        """The approvals that the policies ask for."""
        return required_by(self.results)


def ask_policies(*, actor: User, subject: models.Model, transition: Transition) -> Opinion:
    """Return what the active policies would answer now. Keeps nothing: for pages that show what is still missing."""
    facts = gather_facts(actor=actor, subject=subject, transition=transition)
    started = time.perf_counter_ns()
    answers = (_ask(version, facts) for version in active_policies(subject, transition))
    results = [answer for answer in answers if answer is not None]
    return Opinion(facts, results, latency_us=(time.perf_counter_ns() - started) // 1000)


def decide(*, actor: User, subject: models.Model, transition: Transition) -> Decision:
    """Ask the active policies about a move of `subject`, and keep the decision.

    The decision is written whether it allows or denies: let the transaction that holds it commit even when you refuse.
    """
    opinion = ask_policies(actor=actor, subject=subject, transition=transition)
    _, digest = manifest_of(subject)
    return Decision.objects.create(
        at=timezone.now(),
        actor=actor,
        team=team_of(subject),
        project=project_of(subject),
        transition=transition.name,
        allowed=opinion.allowed,
        subject_type=ContentType.objects.get_for_model(subject),
        subject_id=subject.pk,
        subject_label=label_of(subject),
        subject_digest=digest,
        facts=opinion.facts,
        facts_digest=digest_of(opinion.facts),
        results=opinion.results,
        latency_us=opinion.latency_us,
    )


def gather_facts(*, actor: User, subject: models.Model, transition: Transition) -> dict[str, Any]:
    """Return the facts that policies may read about `subject`, as JSON. The time of day is a fact like any other."""
    manifest, digest = manifest_of(subject)
    facts: dict[str, Any] = {
        "subject": {**manifest, "digest": digest},
        "actor": {"id": str(actor.pk), "name": actor.label},
        "transition": transition.name,
        "now": timezone.now().isoformat(),
    }
    for name, provider in fact_providers(type(subject)).items():
        facts[name] = provider.provide(subject)
    return facts


def active_policies(subject: models.Model, transition: Transition) -> list[PolicyVersion]:
    """Return the active policies whose scope holds this kind of object and this move."""
    active = PolicyVersion.objects.filter(
        status=PolicyStatus.ACTIVE,
        document__scope__kinds__contains=[subject._meta.model_name],
        document__scope__transitions__contains=[transition.name],
    )
    return list(active.select_related("policy").order_by("policy__key"))


def document_of(version: PolicyVersion) -> PolicyDocument:
    return _parsed(version.source)


def broken_rules(decision: Decision) -> list[BrokenRule]:
    """Return the rules that made `decision` deny, for the answer to the person."""
    return [
        BrokenRule(f"{result['policy']}.{rule['rule']}", "status", _why(rule), rule["mend"])
        for result in decision.results
        if result["mode"] == PolicyMode.ENFORCE
        for rule in result["rules"]
        if not rule["passed"]
    ]


@lru_cache(maxsize=256)
def _parsed(source: str) -> PolicyDocument:
    return parse_policy(source)


def _ask(version: PolicyVersion, facts: dict[str, Any]) -> Result | None:
    """Return what a policy answers; None when its `match` clearly says it has nothing to say."""
    document = document_of(version)
    matches = document.matches(facts)
    if not matches.passed and not matches.error:
        return None
    rules = document.evaluate(facts)
    asked = [asdict(rule) for rule in rules]
    if matches.error:  # whether it applies cannot be told, so it applies and denies
        asked.append(
            {
                "rule": "match",
                "passed": False,
                "message": "Whether this policy applies could not be told.",
                "mend": "",
                "severity": "high",
                "error": matches.error,
            }
        )
    return {
        "policy": version.policy.key,
        "version": version.number,
        "version_id": str(version.pk),
        "title": version.policy.title,
        "digest": version.digest,
        "mode": version.mode,
        "allowed": all(rule["passed"] for rule in asked),
        "rules": asked,
        "demands": [{"role": "approver", "count": document.approvals_needed, "because": version.policy.key}],
    }


def _why(rule: dict[str, Any]) -> str:
    return f"{rule['message']} ({rule['error']})" if rule["error"] else str(rule["message"])
