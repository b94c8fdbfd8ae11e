"""Rendering a prompt for its editor to look at: what it would say, or what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.core.errors import DomainError
from apps.prompts.errors import PromptTextError, VariablesError
from apps.prompts.rendering import render_messages, variables_in

PREFIX = "variable-"  # of the fields that hold the values of variables


@dataclass(frozen=True, slots=True)
class Trial:
    """A prompt as it reads with the values at hand.

    Attributes:
        variables: each variable of the texts, with the value that was given for it.
        missing: names of variables without a value; they are shown as they stand in the text.
    """

    variables: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    refusal: DomainError | None = None


def trial_of(system: str, user: str, given: Mapping[str, str]) -> Trial:
    """Return how the texts read.

    Args:
        given: values by field name, `variable-<name>`; those of other fields are not looked at.
    """
    try:
        names = variables_in(system, user)
        values = {name: given.get(PREFIX + name, "") for name in names}
        shown = {name: value or f"{{{{ {name} }}}}" for name, value in values.items()}
        messages = render_messages(system, user, shown)
    except (PromptTextError, VariablesError) as error:
        return Trial(refusal=error)
    return Trial(values, [name for name, value in values.items() if not value], messages)
