"""The expression language of policies: CEL, behind three calls (compile, evaluate, describe).

Only a BOOL true allows: the library returns errors as values, and an error, a missing fact or any other value denies.

CEL cannot loop without end (a budget of 10,000 steps stops it) and its regular expressions cannot backtrack (RE2). What
one step may cost is bounded by `rule_limits`, and by how large facts may be.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

from cel_expr_python import cel

from apps.governance.fact_shapes import Line, ListOf, MapOf, Record, Shape, Text, lines
from apps.governance.fact_types import FactTypes
from apps.governance.rule_limits import ExpressionError, refuse_unbounded

ENGINE = f"cel-expr-python {version('cel-expr-python')}"
CPU_LIMIT_MS = 500  # for all expressions of one policy about one object

# What `+` makes of texts grows; lists need it, for `map` and `filter` are made of it.
_CONFIG = """
stdlib:
  exclude_functions:
    - name: dyn
    - {name: _+_, overloads: [{id: add_string}, {id: add_bytes}]}
"""
_ANY = cel.NewEnv()  # what an activation is made by; any environment's expressions read it
_WHERE = re.compile(r"<input>:(\d+):(\d+): (.*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one expression answered: true, false, or an error that explains itself."""

    passed: bool
    error: str = ""


TRUE, FALSE = Answer(True), Answer(False)


class Budget:
    """CPU time of this thread. It is asked for between expressions: the engine lets nobody interrupt one."""

    def __init__(self, limit_ms: int) -> None:
        self.limit_ms = limit_ms
        self._began_s = time.perf_counter()
        self._cpu_began_s = time.thread_time()

    @property
    def is_spent(self) -> bool:
        # The clock on the wall is cheap to read; time in which others had the processor is not this policy's.
        limit_s = self.limit_ms / 1000
        is_old = time.perf_counter() - self._began_s > limit_s
        return is_old and time.thread_time() - self._cpu_began_s > limit_s


class Known:
    """Facts as the engine reads them: once, for all expressions that are asked about them within one budget."""

    def __init__(self, facts: Mapping[str, Any], budget: Budget | None = None) -> None:
        self.activation = _ANY.Activation(dict(facts))
        self.budget = budget or Budget(CPU_LIMIT_MS)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression over named facts."""

    source: str
    compiled: Any

    def evaluate(self, known: Known) -> Answer:
        """Return what the expression answers. Never raises: what goes wrong denies and says why."""
        if known.budget.is_spent:
            return Answer(False, f"the {known.budget.limit_ms} ms were spent before this rule was asked")
        try:
            value = self.compiled.eval(known.activation)
        except RuntimeError as error:  # how the library reports a spent budget
            return Answer(False, _plain(str(error), self.source))
        answered = value.value()
        if answered is True:
            return TRUE
        if answered is False:
            return FALSE
        if value.type() == cel.Type.ERROR:
            return Answer(False, _plain(str(answered), self.source))
        return Answer(False, f"the expression answered {value.type().name()}, not true or false")


class Vocabulary:
    """What expressions about one kind of object may name: facts with their shapes."""

    def __init__(self, facts: Mapping[str, Shape]) -> None:
        self._types = FactTypes(facts)
        config = cel.NewEnvConfigFromYaml(_CONFIG)
        self._typed = cel.NewEnv(descriptor_pool=self._types.pool, config=config, variables=self._types.variables)
        coarse = {name: _coarse(shape) for name, shape in facts.items()}
        self._plain = cel.NewEnv(config=cel.NewEnvConfigFromYaml(_CONFIG), variables=coarse)
        self._facts = dict(facts)

    def compile(self, source: str) -> Expression:
        """Compile `source`, typed by the shapes of the facts.

        Raises:
            ExpressionError: it does not parse, names a fact that is not declared, compares what cannot be compared, or
                does not answer true or false.
        """
        refuse_unbounded(source)
        typed = self._compiled(self._typed, source)
        if typed.return_type() != cel.Type.BOOL:
            raise ExpressionError(f"it answers {_named(typed.return_type())}, not true or false")
        # Facts are JSON, not messages: what runs is the same expression over maps.
        return Expression(source, self._compiled(self._plain, source))

    def _compiled(self, environment: Any, source: str) -> Any:
        try:
            return environment.compile(source)
        except RuntimeError as error:  # what the library raises for every compile error
            found = _WHERE.search(str(error))
            if found is None:
                raise ExpressionError(str(error).splitlines()[0]) from error
            line, column, why = found.groups()
            raise ExpressionError(self._explained(why), line=int(line), column=int(column)) from error

    def _explained(self, why: str) -> str:
        """Return the library's message with what an author knows: names of facts, and what to do."""
        if unknown := re.search(r"undefined field '(.+)' not found in struct '(.+)'", why):
            field, message = unknown.groups()
            path, known = self._types.fields[message]
            return f"{path} has no '{field}'. {_hint(field, known)}"
        if unknown := re.search(r"undeclared reference to '([^'.]+)", why):
            return f"there is no fact '{unknown.group(1)}'. {_hint(unknown.group(1), self._facts)}"
        if re.search(r"\((?:int, double|double, int)\)", why):
            return f"{why}: wrap the whole number in double(...), or write it with a fraction"
        return why.replace(" (in container '')", "")


def describe(facts: Mapping[str, Shape]) -> list[Line]:
    """Return every fact that an expression may name, with its type, an example and what it says."""
    return [line for name, shape in facts.items() for line in lines(name, shape)]


def _coarse(shape: Shape) -> Any:
    match shape:
        case Record() | MapOf():
            return cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        case ListOf():
            return cel.Type.List(cel.Type.DYN)
        case Text():
            return cel.Type.STRING
        case _:
            return cel.Type.DYN


def _named(kind: Any) -> str:
    name = str(kind.name())
    return "a map" if name.startswith("facts.") else name


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean '{close[0]}'?" if close else f"There is {', '.join(known) or 'nothing'}."


def _plain(error: str, source: str) -> str:
    """Return an error of the library as the author of a policy reads it, with the fact that is missing."""
    if missing := re.search(r'Key not found in map : "?([^"]+)"?', error):
        return f"the fact '{_path_in(source, missing.group(1))}' is missing"
    if missing := re.search(r'No value with name "([^"]+)"', error):
        return f"the fact '{missing.group(1)}' is missing"
    return re.sub(r"^[A-Z_]+: ", "", error.splitlines()[0])


def _path_in(source: str, key: str) -> str:
    """Return how the expression names the key: "validation.score" for "score", where it does so in one way only."""
    named = set(re.findall(rf"[\w.]*\b{re.escape(key)}\b(?=[^\w(]|$)", source))
    dotted = {path for path in named if path.endswith(f".{key}")}
    return dotted.pop() if len(dotted) == 1 else key
