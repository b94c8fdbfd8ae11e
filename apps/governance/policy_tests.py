"""Running the tests that a policy document brings with it, and telling which of its rules they cover."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.core.errors import BrokenRule
from apps.governance.documents import PolicyDocument, RuleResult, refusal
from apps.governance.errors import PolicyTestsFailError
from apps.governance.fact_shapes import Faults, Record, fitted_facts, undeclared
from apps.governance.rules import Budget
from apps.governance.subjects import fact_fitters, fact_shapes, subject_named

CPU_LIMIT_MS = 2_000  # for all tests of a document


@dataclass(frozen=True, slots=True)
class TestRun:
    """One test of a document as it ran.

    Attributes:
        why: what it expected and what happened, where it fails; else empty.
        line: where the test begins.
    """

    __test__ = False  # of a policy, not of this program: pytest would collect it by its name

    name: str
    passed: bool
    why: str
    line: int
    denied: tuple[str, ...]
    demanded: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        fields = ("name", "passed", "why", "line")
        told = {name: getattr(self, name) for name in fields}
        return told | {"denied": list(self.denied), "demanded": list(self.demanded)}


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether a rule has a test on which it holds, and one on which it does not."""

    rule: str
    allowing: bool
    denying: bool

    @property
    def is_full(self) -> bool:
        return self.allowing and self.denying

    def as_dict(self) -> dict[str, Any]:
        return {"rule": self.rule, "allowing": self.allowing, "denying": self.denying}


@dataclass(frozen=True, slots=True)
class TestReport:
    __test__ = False

    runs: tuple[TestRun, ...]
    coverage: tuple[Coverage, ...]

    @property
    def passed(self) -> bool:
        return all(run.passed for run in self.runs) and all(rule.is_full for rule in self.coverage)


def run_tests(policy: PolicyDocument) -> TestReport:
    """Run a document's own tests.

    Raises:
        PolicyInvalidError: the facts of a test are none that any kind in scope has.
    """
    facts = _facts_of_tests(policy)
    budget = Budget(CPU_LIMIT_MS)
    results = [policy.ask(given, budget=budget) or [] for given in facts]
    runs = tuple(_run(policy, index, found) for index, found in enumerate(results))
    held, broken = _rules(results, holds=True), _rules(results, holds=False)
    coverage = tuple(Coverage(rule.id, rule.id in held, rule.id in broken) for rule in policy.rules)
    return TestReport(runs, coverage)


def check_tests(policy: PolicyDocument) -> None:
    """Run the document's own tests.

    Raises:
        PolicyInvalidError: see `run_tests`.
        PolicyTestsFailError: one fails, or a rule lacks a test that passes it or one that it denies.
    """
    report = run_tests(policy)
    broken = [
        BrokenRule("policy_test_passes", f"tests[{index}]", run.why)
        for index, run in enumerate(report.runs)
        if not run.passed
    ]
    for index, rule in enumerate(report.coverage):
        for there, kind in ((rule.allowing, "allowing"), (rule.denying, "denying")):
            if not there:
                message = f"The rule '{rule.rule}' has no {kind} test."
                broken.append(BrokenRule("policy_rule_tested", f"rules[{index}]", message, "Add one under tests."))
    if broken:
        raise PolicyTestsFailError(rules=broken)


def _run(policy: PolicyDocument, index: int, results: list[RuleResult]) -> TestRun:
    test = policy.raw["tests"][index]
    line = policy.source.fault(("tests", index), "").line
    denied = tuple(result.rule for result in results if result.outcome == "denied")
    demanded = tuple(result.rule for result in results if result.outcome == "demands")
    why = [_differs("deny", test["denies"], denied), _differs("demand approvals", test.get("demands", []), demanded)]
    told = " ".join(part for part in why if part)
    if told:
        errors = [f"{result.rule}: {result.error}." for result in results if result.error]
        told = f"'{test['name']}': {' '.join([told, *errors])}"
    return TestRun(test["name"], not told, told, line, denied, demanded)


def _differs(verb: str, expected: list[str], found: tuple[str, ...]) -> str:
    if set(expected) == set(found):
        return ""
    return f"expected {_listed(expected)} to {verb}; {_listed(found)} did."


def _listed(rules: Iterable[str]) -> str:
    return ", ".join(sorted(rules)) or "no rule"


def _rules(results: list[list[RuleResult]], *, holds: bool) -> set[str]:
    return {result.rule for found in results for result in found if (result.outcome == "passed") is holds}


def _facts_of_tests(policy: PolicyDocument) -> list[dict[str, Any]]:
    found = []
    faults = []
    for index, test in enumerate(policy.raw["tests"]):
        facts, wrong = _facts_of_test(policy, test)
        found.append(facts)
        faults += [policy.source.fault(("tests", index, "facts", *_path(place)), why) for place, why in wrong.items()]
        for key in ("denies", "demands"):
            for at, rule in enumerate(test.get(key, [])):
                if rule not in {known.id for known in policy.rules}:
                    faults.append(policy.source.fault(("tests", index, key, at), f"There is no rule '{rule}'."))
    if faults:
        raise refusal(faults)
    return found


def _facts_of_test(policy: PolicyDocument, test: dict[str, Any]) -> tuple[dict[str, Any], Faults]:
    """Return a test's facts as of the kind that it names, or of the first in scope that has such facts."""
    kinds = [test["kind"]] if test.get("kind") in policy.scope.kinds else list(policy.scope.kinds)
    tried = []
    for kind in kinds:
        subject = subject_named(kind)
        assert subject is not None, "a document in scope of nothing does not parse"  # noqa: S101
        facts, faults = fitted_facts(test["facts"], fact_fitters(subject.model))
        whole = Record(fields=fact_shapes(subject.model))
        faults |= {place.lstrip("."): why for place, why in undeclared(test["facts"], whole, "")}
        tried.append((facts, faults))
        if not faults:
            break
    return min(tried, key=lambda pair: len(pair[1]))


def _path(place: str) -> tuple[str | int, ...]:
    """Return "runs[0].metrics.exact_match" as steps."""
    steps = place.replace("[", ".").replace("]", "").split(".")
    return tuple(int(step) if step.isdigit() else step for step in steps)
