"""Policy documents: YAML, checked by a JSON Schema, with CEL expressions and their own tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from apps.core.canonical import digest_of
from apps.core.errors import BrokenRule
from apps.governance.errors import PolicyInvalidError, PolicyTestsFailError
from apps.governance.rules import Answer, Expression, ExpressionError, compile_expression
from apps.governance.subjects import fact_providers, subject_named

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "title", "scope", "rules", "mode", "tests"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,48}$"},
        "title": {"type": "string", "minLength": 3, "maxLength": 200},
        "description": {"type": "string"},
        "controls": {"type": "array", "items": {"type": "string"}},
        "scope": {
            "type": "object",
            "additionalProperties": False,
            "required": ["kinds", "transitions"],
            "properties": {
                "kinds": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                "transitions": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            },
        },
        "params": {"type": "object"},
        "match": {"type": "string"},
        "rules": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "expression", "message"],
                "properties": {
                    "id": {"type": "string", "pattern": "^[a-z0-9_]{2,60}$"},
                    "expression": {"type": "string", "minLength": 1},
                    "message": {"type": "string", "minLength": 3},
                    "mend": {"type": "string"},
                    "severity": {"enum": ["low", "medium", "high"]},
                },
            },
        },
        "approvals": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"count": {"type": "integer", "minimum": 1, "maximum": 9}},
        },
        "mode": {"enum": ["audit", "warn", "enforce"]},
        "tests": {
            "type": "array",
            "minItems": 2,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "facts", "denies"],
                "properties": {
                    "name": {"type": "string"},
                    "facts": {"type": "object"},
                    "denies": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule of a policy answered on some facts."""

    rule: str
    passed: bool
    message: str
    mend: str
    severity: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    expression: Expression
    message: str
    mend: str
    severity: str


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy document that parsed, type-checked, and whose own tests pass when asked."""

    id: str
    title: str
    kinds: tuple[str, ...]
    transitions: tuple[str, ...]
    params: Mapping[str, Any]
    match: Expression | None
    rules: tuple[Rule, ...]
    approvals_needed: int
    mode: str
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def digest(self) -> str:
        return digest_of(self.raw)

    def matches(self, facts: Mapping[str, Any]) -> Answer:
        """Tell whether the policy has anything to say about these facts."""
        if self.match is None:
            return Answer(True)
        return self.match.evaluate({**facts, "params": self.params})

    def evaluate(self, facts: Mapping[str, Any]) -> list[RuleResult]:
        """Return what every rule answers on `facts`."""
        known = {**facts, "params": self.params}
        results = []
        for rule in self.rules:
            answer = rule.expression.evaluate(known)
            results.append(
                RuleResult(rule.id, answer.passed, rule.message, rule.mend, rule.severity, error=answer.error)
            )
        return results


def parse_policy(source: str) -> PolicyDocument:
    """Read a YAML policy document.

    Raises:
        PolicyInvalidError: it is no YAML, breaks the schema, names an unknown kind, transition or fact, or one of its
            expressions does not type-check. Every fault found is named with its place.
    """
    try:
        raw = yaml.safe_load(source)
    except yaml.YAMLError as error:
        raise PolicyInvalidError(f"Not YAML: {error}") from error
    _check_schema(raw)
    return _build(raw)


def check_tests(policy: PolicyDocument) -> None:
    """Run the document's own tests.

    Raises:
        PolicyTestsFailError: one fails, or a rule lacks a test that passes it or one that it denies.
    """
    allowed_by: set[str] = set()
    denied_by: set[str] = set()
    broken: list[BrokenRule] = []
    for index, test in enumerate(policy.raw["tests"]):
        results = policy.evaluate(test["facts"])
        denies = {result.rule for result in results if not result.passed}
        allowed_by |= {result.rule for result in results if result.passed}
        denied_by |= denies
        if denies != set(test["denies"]):
            errors = "; ".join(f"{result.rule}: {result.error}" for result in results if result.error)
            found = ", ".join(sorted(denies)) or "no rule"
            message = (
                f"'{test['name']}' expects {', '.join(test['denies']) or 'no rule'} to deny; {found} did. {errors}"
            )
            broken.append(BrokenRule("policy_test_passes", f"tests[{index}]", message.strip()))
    for index, rule in enumerate(policy.rules):
        for found_in, kind in ((allowed_by, "allowing"), (denied_by, "denying")):
            if rule.id not in found_in:
                message = f"The rule '{rule.id}' has no {kind} test."
                broken.append(BrokenRule("policy_rule_tested", f"rules[{index}]", message, "Add one under tests."))
    if broken:
        raise PolicyTestsFailError(rules=broken)


def starter_policies() -> list[str]:
    """Return the sources of the policies that a new portal starts with."""
    folder = Path(__file__).parent / "starter"
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]


def _check_schema(raw: Any) -> None:
    faults: dict[str, list[str]] = {}
    for error in Draft202012Validator(SCHEMA).iter_errors(raw):
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        faults.setdefault(place.lstrip(".") or "document", []).append(error.message)
    if faults:
        raise PolicyInvalidError(fields=faults)


def _build(raw: Mapping[str, Any]) -> PolicyDocument:
    faults: dict[str, list[str]] = {}
    facts = _facts_in_scope(raw["scope"], faults)

    def compiled(source: str, place: str) -> Expression | None:
        try:
            return compile_expression(source, facts=facts)
        except ExpressionError as error:
            faults.setdefault(place, []).append(str(error))
            return None

    match = compiled(raw["match"], "match") if "match" in raw else None
    rules = []
    for index, rule in enumerate(raw["rules"]):
        expression = compiled(rule["expression"], f"rules[{index}].expression")
        if expression is not None:
            rules.append(
                Rule(rule["id"], expression, rule["message"], rule.get("mend", ""), rule.get("severity", "medium"))
            )
    if faults:
        raise PolicyInvalidError(fields=faults)
    return PolicyDocument(
        id=raw["id"],
        title=raw["title"],
        kinds=tuple(raw["scope"]["kinds"]),
        transitions=tuple(raw["scope"]["transitions"]),
        params=raw.get("params", {}),
        match=match,
        rules=tuple(rules),
        approvals_needed=raw.get("approvals", {}).get("count", 1),
        mode=raw["mode"],
        raw=raw,
    )


def _facts_in_scope(scope: Mapping[str, Any], faults: dict[str, list[str]]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for index, kind in enumerate(scope["kinds"]):
        subject = subject_named(kind)
        if subject is None:
            faults.setdefault(f"scope.kinds[{index}]", []).append(f"There is nothing governed called '{kind}'.")
            continue
        facts |= {name: provider.kind for name, provider in fact_providers(subject.model).items()}
        known = {transition.name for transition in subject.transitions}
        for place, transition in enumerate(scope["transitions"]):
            if transition not in known:
                why = f"A {kind} has no move '{transition}'; it has {', '.join(sorted(known))}."
                faults.setdefault(f"scope.transitions[{place}]", []).append(why)
    return facts
