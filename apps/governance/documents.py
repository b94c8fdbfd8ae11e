"""Policy documents: YAML, checked by a JSON Schema, with CEL expressions over declared facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from apps.accounts.permissions import Role
from apps.core.canonical import digest_of
from apps.governance.errors import PolicyInvalidError
from apps.governance.fact_shapes import Faults
from apps.governance.policy_params import Parameters, param_faults, read_params
from apps.governance.policy_schema import schema_faults
from apps.governance.policy_source import Fault, Source, UnreadableError, read_source
from apps.governance.policy_source import Path as Place
from apps.governance.requirements import Requirement
from apps.governance.rule_limits import ExpressionError
from apps.governance.rules import Answer, Budget, Expression, Known, Vocabulary
from apps.governance.subjects import Subject, fact_shapes, subject_named

_READ_BY_RULES = (("scope",), ("params",), ("match",), ("rules",))

Outcome = Literal["passed", "denied", "demands", "waived"]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule of a policy answered on some facts.

    Attributes:
        outcome: "passed"; or, where the rule does not hold, "denied", "demands" more approvals, or "waived".
        error: why no answer could be had; such a rule denies.
        demands: the approvals that the rule asks for because it does not hold.
    """

    rule: str
    outcome: Outcome
    message: str
    mend: str
    severity: str
    error: str = ""
    demands: tuple[Requirement, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "outcome": self.outcome,
            "passed": self.outcome == "passed",
            "message": self.message,
            "mend": self.mend,
            "severity": self.severity,
            "error": self.error,
            "demands": [demand.as_dict() for demand in self.demands],
        }


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    expression: Expression
    message: str
    mend: str
    severity: str
    approvals: tuple[Requirement, ...]

    def ask(self, known: Known, missing: Faults) -> RuleResult:
        """Return what the rule answers. Only true passes; an error denies, and never merely demands approvals."""
        answer = self.expression.evaluate(known)
        outcome: Outcome = "passed" if answer.passed else "demands" if self.approvals and not answer.error else "denied"
        demands = self.approvals if outcome == "demands" else ()
        error = _with_reasons(answer.error, missing)
        return RuleResult(self.id, outcome, self.message, self.mend, self.severity, error, demands)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a policy is asked about. Without environments or risk tiers: about all of them."""

    kinds: tuple[str, ...]
    transitions: tuple[str, ...]
    environments: tuple[str, ...]
    risk_tiers: tuple[str, ...]

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether an object is in it; one whose environment or tier is not known is."""
        subject = facts.get("subject", {})
        in_environment = not self.environments or subject.get("environment", self.environments[0]) in self.environments
        return in_environment and (
            not self.risk_tiers or subject.get("risk_tier", self.risk_tiers[0]) in self.risk_tiers
        )


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy document that parsed and type-checked. Whether its own tests pass: see `policy_tests`.

    Attributes:
        raw: the document as JSON.
        approvals: what the policy always asks for where it applies.
    """

    id: str
    title: str
    scope: Scope
    params: Parameters
    match: Expression | None
    rules: tuple[Rule, ...]
    approvals: tuple[Requirement, ...]
    mode: str
    source: Source = field(repr=False)

    @property
    def raw(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = self.source.content
        return content

    @property
    def digest(self) -> str:
        return digest_of(self.raw)

    def ask(
        self, facts: Mapping[str, Any], missing: Faults | None = None, *, budget: Budget | None = None
    ) -> list[RuleResult] | None:
        """Return what every rule answers on `facts`; None where the policy has nothing to say about them.

        Args:
            missing: facts that were left out since they are not what they should be, with the reason.
            budget: of CPU time, where several questions share one.
        """
        if not self.scope.holds(facts):
            return None
        known = Known({**facts, "params": self.params.values}, budget)
        applies = self.match.evaluate(known) if self.match else Answer(True)
        if not applies.passed and not applies.error:
            return None
        results = [rule.ask(known, missing or {}) for rule in self.rules]
        if applies.error:  # whether it applies cannot be told, so it applies and denies
            why = "Whether this policy applies could not be told."
            error = _with_reasons(applies.error, missing or {})
            results.append(RuleResult("match", "denied", why, "", "high", error))
        return results


def parse_policy(text: str) -> PolicyDocument:
    """Read a YAML policy document.

    Raises:
        PolicyInvalidError: it is no YAML, breaks the schema, names an unknown kind, transition or fact, or one of its
            expressions does not type-check. Every fault found is named with its path, line and column.
    """
    try:
        source = read_source(text)
    except UnreadableError as error:
        raise refusal([error.fault]) from error
    builder = _Builder(source)
    wrong = list(schema_faults(source.content))
    builder.faults = [source.fault(path, why, at_key=at_key) for path, why, at_key in wrong]
    # What the rules say can be looked at as long as they, and what they read, are written as they should be.
    if not any(path[:1] in _READ_BY_RULES for path, _, _ in wrong) and _holds(source.content, "scope", "rules"):
        builder.look()
    if builder.faults:
        raise refusal(builder.faults)
    return builder.build()


def refusal(faults: Sequence[Fault]) -> PolicyInvalidError:
    """Return the refusal of a document: each fault in words by path, and as places for an editor."""
    fields: dict[str, list[str]] = {}
    ordered = sorted(faults, key=lambda fault: (fault.line, fault.column))
    for fault in ordered:
        fields.setdefault(fault.path, []).append(f"line {fault.line}, column {fault.column}: {fault.message}")
    first = ordered[0]
    more = f" There are {len(faults) - 1} more faults." if len(faults) > 1 else ""
    message = f"This is not a valid policy document. Line {first.line}, column {first.column}: {first.message}{more}"
    return PolicyInvalidError(message, fields=fields, details={"places": [fault.as_dict() for fault in ordered]})


def starter_policies() -> list[str]:
    """Return the sources of the policies that a new portal starts with."""
    folder = Path(__file__).parent / "starter"
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]


class _Builder:
    """Makes a document of content that fits the schema, and collects what the schema cannot say."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.content: Mapping[str, Any] = source.content
        self.faults: list[Fault] = []
        self.params = read_params({})
        self.match: Expression | None = None
        self.rules: tuple[Rule, ...] = ()

    def look(self) -> None:
        """Compile what the document says, and collect what is wrong with it."""
        self._add(param_faults(self.content.get("params", {})))
        self._add(_twice(self.content["rules"]))
        subjects = self._subjects(self.content["scope"])
        if self.faults and any(fault.path.startswith(("params", "scope")) for fault in self.faults):
            return
        self.params = read_params(self.content.get("params", {}))
        vocabularies = {
            kind: Vocabulary({**fact_shapes(subject.model), "params": self.params.shape})
            for kind, subject in subjects.items()
        }
        self.match = self._compiled(vocabularies, ("match",)) if "match" in self.content else None
        self.rules = tuple(self._rules(vocabularies))

    def build(self) -> PolicyDocument:
        """Return the document that was looked at and has no faults."""
        content, scope = self.content, self.content["scope"]
        names = ("kinds", "transitions", "environments", "risk_tiers")
        return PolicyDocument(
            id=content["id"],
            title=content["title"],
            scope=Scope(*(tuple(scope.get(name, ())) for name in names)),
            params=self.params,
            match=self.match,
            rules=self.rules,
            approvals=_requirements(content.get("approvals", ()), because=content["id"]),
            mode=content["mode"],
            source=self.source,
        )

    def _add(self, found: Iterator[tuple[Place, str]]) -> None:
        self.faults += [self.source.fault(path, why) for path, why in found]

    def _subjects(self, scope: Mapping[str, Any]) -> dict[str, Subject]:
        found: dict[str, Subject] = {}
        for index, kind in enumerate(scope["kinds"]):
            subject = subject_named(kind)
            if subject is None:
                self._add(iter([(("scope", "kinds", index), f"There is nothing governed called '{kind}'.")]))
            else:
                found[kind] = subject
                self._add(_scope_faults(scope, kind, subject))
        self._add(_move_faults(scope, found))
        return found

    def _rules(self, vocabularies: Mapping[str, Vocabulary]) -> Iterator[Rule]:
        for index, rule in enumerate(self.content["rules"]):
            expression = self._compiled(vocabularies, ("rules", index, "expression"))
            if expression is not None:
                approvals = _requirements(rule.get("approvals", ()), because=f"{self.content.get('id')}.{rule['id']}")
                severity = rule.get("severity", "medium")
                yield Rule(rule["id"], expression, rule["message"], rule.get("mend", ""), severity, approvals)

    def _compiled(self, vocabularies: Mapping[str, Vocabulary], path: Place) -> Expression | None:
        """Compile the expression at `path` for every kind in scope; what runs is the same for all of them."""
        text: Any = self.content
        for step in path:
            text = text[step]
        compiled: Expression | None = None
        for kind, vocabulary in vocabularies.items():
            try:
                compiled = vocabulary.compile(text)
            except ExpressionError as error:
                why = f"{error.why} (for a {kind})" if len(vocabularies) > 1 else error.why
                self.faults.append(self.source.fault_within(path, error.line, error.column, why))
        return compiled


def _holds(content: Any, *names: str) -> bool:
    return isinstance(content, Mapping) and all(name in content for name in names)


def _move_faults(scope: Mapping[str, Any], subjects: Mapping[str, Subject]) -> Iterator[tuple[Place, str]]:
    """Yield each move in the scope that policies are never asked about."""
    moves = {kind: {move.name: move for move in subject.transitions} for kind, subject in subjects.items()}
    for index, name in enumerate(scope["transitions"]):
        place: Place = ("scope", "transitions", index)
        knowing = [kind for kind, known in moves.items() if name in known]
        if moves and not knowing:
            told = (f"a {kind} has {', '.join(sorted(known))}" for kind, known in moves.items())
            yield place, f"There is no move '{name}': {'; '.join(told)}."
        for kind in knowing:
            if not moves[kind][name].gated:
                yield place, f"Policies are not asked about '{name}' of a {kind}."


def _scope_faults(scope: Mapping[str, Any], kind: str, subject: Subject) -> Iterator[tuple[Place, str]]:
    if "environments" in scope and "environment" not in subject.shape.fields:
        yield ("scope", "environments"), f"A {kind} has no environment."
    if "risk_tiers" in scope and subject.risk_tier is None:
        yield ("scope", "risk_tiers"), f"A {kind} has no risk tier."


def _twice(rules: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Place, str]]:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule["id"] in seen:
            yield ("rules", index, "id"), f"There are two rules '{rule['id']}'. Rename one."
        seen.add(rule["id"])


def _requirements(given: Any, *, because: str) -> tuple[Requirement, ...]:
    """Return approvals as the document asks for them; `{count: 2}` is short for two approvers."""
    asked = [{"role": Role.APPROVER, **given}] if isinstance(given, Mapping) else given
    return tuple(Requirement(role=Role(one["role"]), count=one["count"], because=because) for one in asked)


def _with_reasons(error: str, missing: Faults) -> str:
    """Return an error about a fact that is missing with the reason why it is."""
    reasons = [f"{place}: {why}" for place, why in missing.items() if f"'{_name(place)}" in error]
    return f"{error} ({'; '.join(reasons[:3])})" if error and reasons else error


def _name(place: str) -> str:
    return place.split(".", 1)[0].split("[", 1)[0]
