"""Parameters of a policy: values that its rules read as `params.name`, with a type and bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.governance.fact_shapes import Flag, ListOf, Number, Record, Shape, Text, Whole
from apps.governance.policy_schema import PARAM_TYPES
from apps.governance.policy_source import Path

_SHAPES: dict[type, type[Text | Whole | Number | Flag]] = {str: Text, int: Whole, float: Number, bool: Flag}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the rules read, and the shape that types their expressions."""

    values: Mapping[str, Any]
    shape: Record


def read_params(given: Mapping[str, Any]) -> Parameters:
    """Return the parameters of a document whose `params` fit the schema; see `param_faults` for what it cannot say.

    `{min_quality: 60.0}` is short for `{min_quality: {type: float, default: 60.0}}`.
    """
    values = {name: _default(param) for name, param in given.items()}
    shapes = {name: _shape_of(value, _description(given[name])) for name, value in values.items()}
    return Parameters(values, Record(fields=shapes, description="Parameters of this policy."))


def param_faults(given: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the defaults that are not of their type or outside of their bounds."""
    param: Any
    for name, param in given.items():
        if isinstance(param, list):
            yield from _list_faults(("params", name), param)
        if not isinstance(param, Mapping):
            continue
        place: Path = ("params", name, "default")
        value: Any = param["default"]
        kind = PARAM_TYPES[param["type"]]
        if type(value) is not kind and not (kind is float and type(value) is int):
            yield place, f"'{value}' is no {param['type']}."
            continue
        if isinstance(value, list):
            yield from _list_faults(place, value)
        if "enum" in param and value not in param["enum"]:
            yield place, f"'{value}' is none of {', '.join(map(str, param['enum']))}."
        yield from _bound_faults(place, param, value)


def _bound_faults(place: Path, param: Mapping[str, Any], value: Any) -> Iterator[tuple[Path, str]]:
    size = len(value) if isinstance(value, str | list) else value
    if "min" in param and size < param["min"]:
        yield place, f"{size} is below the least allowed, {param['min']}."
    if "max" in param and size > param["max"]:
        yield place, f"{size} is above the most allowed, {param['max']}."


def _list_faults(place: Path, values: list[Any]) -> Iterator[tuple[Path, str]]:
    kinds = {type(value) for value in values}
    if len(kinds) > 1 or not kinds <= set(_SHAPES):
        yield place, "The items of a list are all texts, all whole numbers, all numbers, or all true or false."


def _default(param: Any) -> Any:
    if not isinstance(param, Mapping):
        return param
    return float(param["default"]) if param["type"] == "float" else param["default"]


def _description(param: Any) -> str:
    return str(param.get("description", "")) if isinstance(param, Mapping) else ""


def _shape_of(value: Any, description: str) -> Shape:
    if isinstance(value, list):
        item = _SHAPES[type(value[0])] if value else Text
        return ListOf(item=item(description=""), description=description)
    return _SHAPES[type(value)](description=description, example=value)
