"""What a policy document looks like: a JSON Schema, and its faults as sentences for the author."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from apps.accounts.permissions import Permission, roles_allowing
from apps.governance.policy_source import Path
from apps.governance.subjects import RISK_TIERS

PARAM_TYPES = {"int": int, "float": float, "string": str, "bool": bool, "list": list}
RULES_MAX = 50
TESTS_MAX = 200
COUNT_MAX = 9


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _list_of(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


_TEXT = {"type": "string", "minLength": 1}
_SENTENCE = {"type": "string", "minLength": 3, "maxLength": 1000}
_WORDS = _list_of(_TEXT, minItems=1, maxItems=50)
_COUNT = {"type": "integer", "minimum": 1, "maximum": COUNT_MAX}
_ROLES = {"enum": [str(role) for role in roles_allowing(Permission.APPROVE)]}
_APPROVALS = _list_of(_object(["role", "count"], role=_ROLES, count=_COUNT), minItems=1, maxItems=5)
_PARAM = _object(
    ["type", "default"],
    type={"enum": list(PARAM_TYPES)},
    default={},
    min={"type": "number"},
    max={"type": "number"},
    enum={"type": "array", "minItems": 1},
    description={"type": "string"},
)
_RULE = _object(
    ["id", "expression", "message"],
    id={"type": "string", "pattern": "^[a-z0-9_]{2,60}$"},
    expression=_TEXT,
    message=_SENTENCE,
    mend={"type": "string", "maxLength": 1000},
    severity={"enum": ["low", "medium", "high"]},
    approvals=_APPROVALS,
)
_TEST = _object(
    ["name", "facts", "denies"],
    name=_TEXT,
    kind=_TEXT,
    facts={"type": "object"},
    denies=_list_of(_TEXT),
    demands=_list_of(_TEXT),
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ["id", "title", "scope", "rules", "mode", "tests"],
        id={"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,48}$"},
        version={"type": ["integer", "string"]},
        title={"type": "string", "minLength": 3, "maxLength": 200},
        description={"type": "string", "maxLength": 5000},
        controls=_list_of(_TEXT, maxItems=100),
        scope=_object(
            ["kinds", "transitions"],
            kinds=_WORDS,
            transitions=_WORDS,
            environments=_WORDS,
            risk_tiers=_list_of({"enum": list(RISK_TIERS)}, minItems=1),
        ),
        params={
            "type": "object",
            "maxProperties": 50,
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,40}$"},
            "additionalProperties": {"if": {"type": "object"}, "then": _PARAM, "else": {"not": {"type": "null"}}},
        },
        match=_TEXT,
        rules=_list_of(_RULE, minItems=1, maxItems=RULES_MAX),
        approvals={"if": {"type": "object"}, "then": _object(["count"], count=_COUNT), "else": _APPROVALS},
        mode={"enum": ["audit", "warn", "enforce"]},
        tests=_list_of(_TEST, minItems=2, maxItems=TESTS_MAX),
    ),
}
_TYPES = {
    "object": "a map",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def schema_faults(content: Any) -> Iterator[tuple[Path, str, bool]]:
    """Yield what breaks the schema: the path of what is to blame, why, and whether it is the key that is wrong."""
    for error in Draft202012Validator(SCHEMA).iter_errors(content):
        yield from _sentences(error)


def _sentences(error: ValidationError) -> Iterator[tuple[Path, str, bool]]:
    path = tuple(error.absolute_path)
    given: Any = error.instance
    wanted: Any = error.validator_value
    if error.validator == "additionalProperties":
        known: dict[str, Any] = error.schema["properties"]  # type: ignore[index]  # our own schemas are objects
        for name in given.keys() - known.keys():
            yield (*path, name), f"There is no key '{name}' here. {_hint(name, known)}", True
    elif error.validator == "required":
        missing = next(name for name in wanted if f"'{name}'" in error.message)
        yield path, f"The key '{missing}' is missing.", False
    else:
        yield path, _sentence(str(error.validator), wanted, given) or f"{error.message}.", False


def _sentence(validator: str, wanted: Any, given: Any) -> str:
    match validator:
        case "enum":
            return f"'{given}' is none of {', '.join(map(str, wanted))}."
        case "type":
            kinds = wanted if isinstance(wanted, list) else [wanted]
            return f"This must be {' or '.join(_TYPES[kind] for kind in kinds)}."
        case "pattern":
            return f"'{given}' does not fit the pattern {wanted}."
        case "minItems" | "minLength":
            return f"This needs at least {wanted} {_unit(validator)}; it has {len(given)}."
        case "maxItems" | "maxLength" | "maxProperties":
            return f"This may have at most {wanted} {_unit(validator)}; it has {len(given)}."
        case "not":
            return "A parameter needs a value, or a type and a default."
        case _:
            return ""


def _unit(validator: str) -> str:
    return "characters" if validator.endswith("Length") else "entries"


def _hint(name: str, known: dict[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"There is {', '.join(known)}."
