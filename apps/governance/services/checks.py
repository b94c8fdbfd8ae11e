"""Looking at a policy document without saving it: for the editor, which asks with every pause, and for pipelines."""

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require_somewhere
from apps.governance.documents import PolicyDocument, RuleResult, Scope, parse_policy
from apps.governance.errors import PolicyInvalidError
from apps.governance.fact_shapes import fitted_facts
from apps.governance.policy_tests import TestReport, run_tests
from apps.governance.subjects import fact_fitters, subject_named


@dataclass(frozen=True, slots=True)
class Check:
    """What is to be said of a document.

    Attributes:
        policy: the document; None while it does not parse.
        faults: what is wrong with it, each with path, line, column and message.
        report: its own tests; None while it does not parse.
        tried: what each rule answers on the facts that were given; None where it has nothing to say about them.
    """

    policy: PolicyDocument | None
    faults: list[dict[str, Any]]
    report: TestReport | None
    tried: list[RuleResult] | None
    tried_faults: dict[str, str]

    @property
    def valid(self) -> bool:
        return self.report is not None and self.report.passed

    def as_dict(self) -> dict[str, Any]:
        policy, report = self.policy, self.report
        return {
            "valid": self.valid,
            "id": policy.id if policy else None,
            "mode": policy.mode if policy else None,
            "digest": policy.digest if policy else None,
            "faults": self.faults,
            "tests": [run.as_dict() for run in report.runs] if report else [],
            "coverage": [rule.as_dict() for rule in report.coverage] if report else [],
            "tried": None if self.tried is None else [result.as_dict() for result in self.tried],
            "tried_faults": self.tried_faults,
        }


def check_policy(*, actor: User, source: str, facts: dict[str, Any] | None = None) -> Check:
    """Return what is to be said of a document: faults, tests, coverage, and what it answers on `facts`. Saves nothing.

    Raises:
        PermissionRefusedError: `actor` writes no policies on any team.
    """
    require_somewhere(actor, Permission.EDIT)
    policy: PolicyDocument | None = None
    try:
        policy = parse_policy(source)
        report = run_tests(policy)
    except PolicyInvalidError as error:
        return Check(policy, error.context["details"]["places"], None, None, {})
    tried, tried_faults = _tried(policy, facts)
    return Check(policy, [], report, tried, tried_faults)


def scope_of(source: str) -> Scope | None:
    """Return what a document is about; None while it does not parse."""
    try:
        return parse_policy(source).scope
    except PolicyInvalidError:
        return None


def _tried(policy: PolicyDocument, facts: dict[str, Any] | None) -> tuple[list[RuleResult] | None, dict[str, str]]:
    if facts is None:
        return None, {}
    kind = (facts.get("subject") or {}).get("kind") if isinstance(facts.get("subject"), dict) else None
    subject = subject_named(kind if kind in policy.scope.kinds else policy.scope.kinds[0])
    assert subject is not None, "a document in scope of nothing does not parse"  # noqa: S101
    given, faults = fitted_facts(facts, fact_fitters(subject.model))
    return policy.ask(given, faults), faults
