"""The expression language of policies: CEL, behind three calls (compile, evaluate, describe).

CEL cannot loop without end (a budget of 10,000 iterations stops it) and its regular expressions cannot backtrack (RE2).
Only a BOOL true allows: the library returns errors as values, and an error, a missing fact or any other value denies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

KINDS = {
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "list": cel.Type.List(cel.Type.DYN),
    "string": cel.Type.STRING,
}
COMMON_FACTS = {"subject": "map", "actor": "map", "transition": "string", "params": "map", "now": "string"}

_WHERE = re.compile(r"<input>:(\d+):(\d+): (.*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one expression answered: true, false, or an error that explains itself."""

    passed: bool
    error: str = ""


class ExpressionError(ValueError):
    """The expression does not compile; says line, column and why."""

    def __init__(self, why: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {why}")
        self.line, self.column = line, column


class Expression:
    """A compiled expression over named facts."""

    def __init__(self, source: str, compiled: Any, environment: Any) -> None:
        self.source = source
        self._compiled = compiled
        self._environment = environment

    def evaluate(self, facts: Mapping[str, Any]) -> Answer:
        """Return what the expression answers on `facts`. Never raises: what goes wrong denies and says why."""
        try:
            value = self._compiled.eval(data=dict(facts))
        except RuntimeError as error:  # how the library reports a spent budget
            return Answer(False, _plain(str(error)))
        kind = value.type()
        if kind == cel.Type.BOOL:
            return Answer(bool(value.value()))
        if kind == cel.Type.ERROR:
            return Answer(False, _plain(str(value.value())))
        return Answer(False, f"the expression answered {kind.name()}, not true or false")


def compile_expression(source: str, *, facts: Mapping[str, str]) -> Expression:
    """Compile `source` over facts given by name and kind ("map", "list", "string").

    Raises:
        ExpressionError: it does not parse, names an unknown fact, or does not answer true or false.
    """
    return _compile(source, tuple(sorted({**COMMON_FACTS, **facts}.items())))


@lru_cache(maxsize=1024)
def _compile(source: str, facts: tuple[tuple[str, str], ...]) -> Expression:
    environment = cel.NewEnv(variables={name: KINDS[kind] for name, kind in facts})
    try:
        compiled = environment.compile(source)
    except RuntimeError as error:  # what the library raises for every compile error
        found = _WHERE.search(str(error))
        if found is None:
            raise ExpressionError(_plain(str(error))) from error
        line, column, why = found.groups()
        raise ExpressionError(why.replace(" (in container '')", ""), line=int(line), column=int(column)) from error
    if compiled.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise ExpressionError(f"it answers {compiled.return_type().name()}, not true or false")
    return Expression(source, compiled, environment)


def describe(facts: Mapping[str, str]) -> dict[str, str]:
    """Return every fact that an expression may name, with its kind."""
    return {**COMMON_FACTS, **facts}


def _plain(error: str) -> str:
    missing = re.search(r'Key not found in map : "?([^"]+)"?', error)
    return f"the fact '{missing.group(1)}' is missing" if missing else error.splitlines()[0]
