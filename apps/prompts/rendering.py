"""Prompts with variables: `{{ name }}` is replaced, and nothing else happens.

There are no filters, attributes, conditions or loops, so a text can neither run anything nor read what it was not
given. What is put in is never read again: a value that holds `{{ name }}` stays as it is. Django-free: the gateway
renders on every request.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from apps.core.errors import BrokenRule
from apps.prompts.errors import PromptTextError, VariablesError

NAME = r"[A-Za-z_][A-Za-z0-9_]{0,59}"
MAX_RENDERED_CHARS = 1_000_000

_VARIABLE = re.compile(r"\{\{[ \t]*(" + NAME + r")[ \t]*\}\}")
_Value = str | int | float


def variables_in(*texts: str) -> list[str]:
    """Return the names of the variables in `texts`, each once, in the order in which they appear.

    Raises:
        PromptTextError: a `{{` does not open a variable; every such place is named.
    """
    return list(dict.fromkeys(name for text in texts for name in _pieces(text)[1::2]))


def render(text: str, variables: Mapping[str, _Value]) -> str:
    """Return `text` with its variables replaced.

    Raises:
        PromptTextError: see `variables_in`.
        VariablesError: a variable is missing, unknown, neither text nor a number, or the result would be longer than
            `MAX_RENDERED_CHARS`. All faults are named at once.
    """
    _check(variables, wanted=variables_in(text))
    return _filled(text, variables)


def render_messages(system: str, user: str, variables: Mapping[str, _Value]) -> list[dict[str, str]]:
    """Return the chat messages of a prompt: the system message, if it has one, and the user message.

    Raises:
        PromptTextError, VariablesError: see `render`; `variables` are those of both texts together.
    """
    _check(variables, wanted=variables_in(system, user))
    spoken = (("system", system), ("user", user))
    return [{"role": role, "content": _filled(text, variables)} for role, text in spoken if text]


@lru_cache(maxsize=1024)
def _pieces(text: str) -> tuple[str, ...]:
    """Return literal, name, literal, name, ..., literal."""
    pieces = tuple(_VARIABLE.split(text))
    if any("{{" in literal for literal in pieces[::2]):
        raise PromptTextError(rules=list(_faults(text)))
    return pieces


def _faults(text: str) -> Iterator[BrokenRule]:
    blanked = _VARIABLE.sub(lambda found: " " * len(found.group()), text)
    for opening in re.finditer(r"\{\{", blanked):
        line = text.count("\n", 0, opening.start()) + 1
        column = opening.start() - text.rfind("\n", 0, opening.start())
        seen = text[opening.start() : opening.start() + 30].partition("\n")[0]
        yield BrokenRule(
            "variable_readable",
            "text",
            f"Line {line}, column {column}: '{seen}' is not a variable.",
            "Write variables as {{ name }}, with letters, digits and _ only; put a space between two literal braces.",
        )


def _check(variables: Mapping[str, object], *, wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in variables]
    broken = [
        BrokenRule("variable_given", f"variables.{name}", f"The variable '{name}' is missing.", "Give it a value.")
        for name in missing
    ]
    for name, value in variables.items():
        if name not in wanted:
            broken.append(_unknown(name, wanted))
        elif isinstance(value, bool) or not isinstance(value, _Value):
            why = f"The variable '{name}' is neither text nor a number."
            broken.append(BrokenRule("variable_is_text", f"variables.{name}", why, "Write it as text."))
    if broken:
        raise VariablesError("The variables do not fit: " + " ".join(rule.message for rule in broken), rules=broken)


def _unknown(name: str, wanted: list[str]) -> BrokenRule:
    close = difflib.get_close_matches(name, wanted, n=1)
    known = f"it has {', '.join(wanted)}" if wanted else "it has none"
    mend = f"Did you mean '{close[0]}'?" if close else "Leave it out."
    return BrokenRule("variable_known", f"variables.{name}", f"The prompt has no variable '{name}'; {known}.", mend)


def _filled(text: str, variables: Mapping[str, _Value]) -> str:
    pieces = list(_pieces(text))
    pieces[1::2] = [str(variables[name]) for name in pieces[1::2]]
    length = sum(map(len, pieces))  # before joining: one long value in many places would fill the memory
    if length > MAX_RENDERED_CHARS:
        why = f"The rendered prompt would have {length:,} characters; at most {MAX_RENDERED_CHARS:,} are rendered."
        raise VariablesError(why, rules=[BrokenRule("rendered_length", "variables", why, "Shorten the values.")])
    return "".join(pieces)
