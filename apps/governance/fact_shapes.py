"""Shapes of facts: what policies may read, declared by the app that gathers it.

A shape types expressions when a policy is saved, checks facts when they are gathered, and documents both: every leaf
has a sentence and an example. It is JSON Schema's subset that CEL can type, small enough to check a thousand values in
a fraction of a millisecond.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.masking import names_a_secret

LIST_MAX = 5_000  # all loops of an expression together may take 10,000 steps
TEXT_MAX = 2_000  # characters; an expression may search a text once for each step

Faults = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text; with `values`, one of these."""

    description: str
    example: str = ""
    values: tuple[str, ...] = ()
    nullable: bool = False

    word = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number."""

    description: str
    example: int = 0
    nullable: bool = False

    word = "whole number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number with a fraction. A whole one counts as one: in JSON 60 and 60.0 are the same."""

    description: str
    example: float = 0.0
    nullable: bool = False

    word = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """True or false."""

    description: str
    example: bool = True
    nullable: bool = False

    word = "true or false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A map with known keys. Any of them may be absent; none but them may be there."""

    fields: Mapping[str, "Shape"]
    description: str = ""
    nullable: bool = False

    word = "map"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list whose items have one shape."""

    item: "Shape"
    description: str = ""
    nullable: bool = False

    word = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf:
    """A map from names that nobody declares, such as those of metrics, to values of one shape."""

    value: "Shape"
    key: str
    description: str = ""
    nullable: bool = False

    word = "map by name"


Leaf = Text | Whole | Number | Flag
Shape = Leaf | Record | ListOf | MapOf


class MisfitError(ValueError):
    """A value is not of its shape. It is raised where it is found, and each container on the way out names its step."""

    def __init__(self, why: str, place: str = "") -> None:
        super().__init__(why)
        self.why, self.place = why, place

    def within(self, step: str) -> "MisfitError":
        return MisfitError(self.why, step + self.place)


Fit = Callable[[Any], Any]


def fitter(shape: Shape) -> Fit:
    """Return what makes values of that shape: in containers of its own, whole numbers as numbers where those are meant.

    What no shape declares is left out: no expression can name it. Made once for each shape and called for each value,
    it costs a type check for each leaf; places are made up only for what does not fit.

    The returned function raises `MisfitError`.
    """
    match shape:
        case Record():
            fit = _record_fitter({name: fitter(inner) for name, inner in shape.fields.items()})
        case MapOf():
            fit = _map_fitter(fitter(shape.value))
        case ListOf():
            fit = _list_fitter(fitter(shape.item))
        case Text():
            fit = _text_fitter(frozenset(shape.values), shape.values)
        case Number():
            fit = _number
        case Whole():
            fit = _whole
        case Flag():
            fit = _flag
    return (lambda value: None if value is None else fit(value)) if shape.nullable else fit


def _record_fitter(fits: Mapping[str, Fit]) -> Fit:
    def fit(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise MisfitError(f"it is {_said(value)}, not a map")
        found = {}
        for name, inner in fits.items():
            if name in value:
                try:
                    found[name] = inner(value[name])
                except MisfitError as misfit:
                    raise misfit.within(f".{name}") from None
        return found

    return fit


def _map_fitter(inner: Fit) -> Fit:
    def fit(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise MisfitError(f"it is {_said(value)}, not a map")
        found = {}
        for name, held in value.items():
            try:
                found[str(name)] = inner(held)
            except MisfitError as misfit:
                raise misfit.within(f".{name}") from None
        return found

    return fit


def _list_fitter(inner: Fit) -> Fit:
    def fit(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise MisfitError(f"it is {_said(value)}, not a list")
        if len(value) > LIST_MAX:
            raise MisfitError(f"it has {len(value):,} entries; {LIST_MAX:,} are allowed")
        found = []
        for index, held in enumerate(value):
            try:
                found.append(inner(held))
            except MisfitError as misfit:
                raise misfit.within(f"[{index}]") from None
        return found

    return fit


def _text_fitter(known: frozenset[str], values: tuple[str, ...]) -> Fit:
    def fit(value: Any) -> str:
        if not isinstance(value, str):
            raise MisfitError(f"it is {_said(value)}, not a text")
        if len(value) > TEXT_MAX:
            raise MisfitError(f"it has {len(value):,} characters; {TEXT_MAX:,} are allowed")
        if known and value not in known:
            raise MisfitError(f"it is '{value}', not one of {', '.join(values)}")
        return value

    return fit


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    raise MisfitError(f"it is {_said(value)}, not a number")


def _whole(value: Any) -> int:
    if type(value) is int:  # by the very type: True is an int for isinstance
        return value
    raise MisfitError(f"it is {_said(value)}, not a whole number")


def _flag(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise MisfitError(f"it is {_said(value)}, not true or false")


def may_hold_secret(shape: Shape, *, key: str = "") -> bool:
    """Return whether a value of that shape, under that key, could hold a text that masking would write as dots.

    A map is named by whoever fills it; of everything else the names are declared.
    """
    match shape:
        case Record():
            return any(may_hold_secret(inner, key=name) for name, inner in shape.fields.items())
        case MapOf():
            return isinstance(shape.value, Text) or may_hold_secret(shape.value)
        case ListOf():
            return may_hold_secret(shape.item)
        case Text():
            return names_a_secret(key)
        case _:
            return False


def fitted_facts(given: Mapping[str, Any], fits: Mapping[str, Fit]) -> tuple[dict[str, Any], Faults]:
    """Return those of the facts that are as declared, and by place why the others are not."""
    facts: dict[str, Any] = {}
    faults: Faults = {}
    for name, value in given.items():
        if (fit := fits.get(name)) is None:
            continue
        try:
            facts[name] = fit(value)
        except MisfitError as misfit:
            faults[name + misfit.place] = misfit.why
    return facts, faults


def undeclared(value: Any, shape: Shape, place: str) -> Iterator[tuple[str, str]]:
    """Yield the keys of a value that its shape does not know, for facts that a person writes down."""
    match shape:
        case Record() if isinstance(value, Mapping):
            for name, inner in value.items():
                if name in shape.fields:
                    yield from undeclared(inner, shape.fields[name], f"{place}.{name}")
                else:
                    known = f"{place or 'there'} {'has' if place else 'is'} {', '.join(shape.fields)}"
                    yield f"{place}.{name}", f"there is no such fact; {known}"
        case ListOf() if isinstance(value, list):
            for index, inner in enumerate(value):
                yield from undeclared(inner, shape.item, f"{place}[{index}]")
        case MapOf() if isinstance(value, Mapping):
            for name, inner in value.items():
                yield from undeclared(inner, shape.value, f"{place}.{name}")
        case _:
            return


def example_of(shape: Shape) -> Any:
    """Return a value of that shape, made of the examples of its leaves."""
    match shape:
        case Record():
            return {name: example_of(inner) for name, inner in shape.fields.items()}
        case ListOf():
            return [example_of(shape.item)]
        case MapOf():
            return {shape.key: example_of(shape.value)}
        case Text():
            return shape.example or next(iter(shape.values), "")
        case Whole() | Number() | Flag():
            return shape.example


@dataclass(frozen=True, slots=True)
class Line:
    """One fact as its reader looks it up: how an expression names it, its type, an example, what it says."""

    path: str
    type: str
    example: Any
    description: str


def lines(path: str, shape: Shape) -> Iterator[Line]:
    """Yield the leaves of a shape, and what holds them where that has something to say."""
    said = shape.word + (", or null" if shape.nullable else "")
    match shape:
        case Record():
            if shape.description:
                yield Line(path, said, None, shape.description)
            for name, inner in shape.fields.items():
                yield from lines(f"{path}.{name}", inner)
        case ListOf(item=Text() | Whole() | Number() | Flag() as item):
            yield Line(path, f"list of {item.word}", [item.example], shape.description)
        case ListOf():
            yield Line(path, said, None, shape.description)
            yield from lines(f"{path}[]", shape.item)
        case MapOf():
            yield Line(path, said, None, shape.description)
            yield from lines(f"{path}.{shape.key}", shape.value)
        case _:
            yield Line(path, said, example_of(shape), _with_values(shape))


def _with_values(shape: Shape) -> str:
    values = ", ".join(shape.values) if isinstance(shape, Text) else ""
    return f"{shape.description} One of {values}." if values else shape.description


def schema_of(shape: Shape) -> dict[str, Any]:
    """Return a shape as JSON Schema."""
    names = {"text": "string", "whole number": "integer", "number": "number", "true or false": "boolean"}
    kind = names.get(shape.word) or ("array" if isinstance(shape, ListOf) else "object")
    found: dict[str, Any] = {"type": [kind, "null"] if shape.nullable else kind}
    if shape.description:
        found["description"] = shape.description
    match shape:
        case Record():
            inner = {name: schema_of(field) for name, field in shape.fields.items()}
            return found | {"properties": inner, "additionalProperties": False}
        case ListOf():
            return found | {"items": schema_of(shape.item), "maxItems": LIST_MAX}
        case MapOf():
            return found | {"additionalProperties": schema_of(shape.value)}
        case Text() if shape.values:
            return found | {"enum": [*shape.values, *([None] if shape.nullable else [])]}
        case _:
            return found | {"examples": [example_of(shape)]}


def _said(value: Any) -> str:
    if value is None:
        return "null"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}
    return words.get(type(value), "a map" if isinstance(value, Mapping) else f"a {type(value).__name__}")
