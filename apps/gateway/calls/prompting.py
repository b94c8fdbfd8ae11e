"""From what is asked to the messages that the model gets, through a prompt template where there is one.

Which prompt: the one that the route's revision pins; else the one of the route's team that the caller names; else none.
A pinned prompt was approved with the revision, so a caller may name it but no other.

How it is filled:
- with `variables`, the prompt's system message comes first, the caller's messages (the conversation so far) follow, and
  the prompt's user message is last;
- without, the prompt must have one variable at most: the caller's last user message is its value and is replaced by the
  prompt's user message, and the prompt's system message comes first.
"""

from collections.abc import Sequence
from typing import Any

from apps.core.errors import BrokenRule
from apps.gateway.calls.asking import Api, Asked
from apps.gateway.errors import PromptRefusedError
from apps.gateway.snapshot.records import Prompt, Route, Snapshot
from apps.prompts.rendering import render_messages

Message = dict[str, Any]


def prompt_for(snapshot: Snapshot, route: Route, asked: Asked) -> Prompt | None:
    """Return the prompt version that applies.

    Raises:
        PromptRefusedError: the named one is unknown, or is not the one that the route pins.
    """
    pinned = snapshot.prompts.get(route.prompt_id) if route.prompt_id else None
    if asked.template is None and asked.number is None:
        return pinned
    if pinned is not None:
        if (asked.template or pinned.name, asked.number or pinned.number) != (pinned.name, pinned.number):
            why = f"The route's prompt is {pinned.label}; it was approved with the route, and a call cannot replace it."
            raise _refused("prompt_pinned", "prompt_template", why, "Leave prompt_template and prompt_version out.")
        return pinned
    if asked.template is None:
        why = "A prompt_version without a prompt_template names nothing."
        raise _refused("prompt_named", "prompt_template", why, "Name the prompt_template too.")
    return _named(snapshot, route, asked.template, asked.number)


def messages_for(prompt: Prompt | None, asked: Asked) -> list[Message]:
    """Return the messages for the model.

    Raises:
        PromptRefusedError: there are variables but no prompt, or the prompt has several and no variables are given.
        VariablesError: the variables do not fit the prompt.
    """
    if prompt is None:
        if asked.variables is not None:
            why = "There are variables, but neither does the route have a prompt nor is a prompt_template named."
            raise _refused("variables_have_prompt", "variables", why, "Name a prompt_template, or leave them out.")
        return asked.messages
    if asked.variables is not None:
        return _joined(prompt, asked.variables, before=asked.messages)
    return _around_last_message(prompt, asked.messages)


def refuse_raw_prompt(route: Route, asked: Asked) -> None:
    """Refuse a raw completion where the route pins a prompt: it would go round the prompt."""
    if asked.api is Api.COMPLETIONS and route.prompt_id is not None:
        why = f"The route '{route.name}' has a prompt of its own, which a raw completion would go round."
        raise _refused("prompt_pinned", "prompt", why, "Use chat completions.")


def _named(snapshot: Snapshot, route: Route, template: str, number: int | None) -> Prompt:
    numbers = snapshot.prompt_numbers.get((route.team_id, template))
    if not numbers:
        why = f"The route's team has no prompt called '{template}'."
        raise _refused("prompt_exists", "prompt_template", why, "Make one, or correct the name.")
    wanted = max(numbers) if number is None else number
    if wanted not in numbers:
        why = f"'{template}' has no version {wanted}; its newest is {max(numbers)}."
        raise _refused("prompt_exists", "prompt_version", why, "Name one that it has.")
    return snapshot.prompts[numbers[wanted]]


def _around_last_message(prompt: Prompt, messages: Sequence[Message]) -> list[Message]:
    if len(prompt.variables) > 1:
        names = ", ".join(prompt.variables)
        why = f"The prompt {prompt.label} has the variables {names}; plain messages fill one at most."
        raise _refused("variables_given", "variables", why, "Give them under 'variables'.")
    last = messages[-1]
    if last["role"] != "user" or not isinstance(last.get("content"), str):
        why = f"The prompt {prompt.label} is filled from the last message, which has to be a user's and plain text."
        raise _refused("last_message_is_text", f"messages[{len(messages) - 1}]", why, "End with a user message.")
    return _joined(prompt, dict.fromkeys(prompt.variables, last["content"]), before=messages[:-1])


def _joined(prompt: Prompt, variables: Any, *, before: Sequence[Message]) -> list[Message]:
    *system, user = render_messages(prompt.system, prompt.user, variables)
    return [*system, *before, user]


def _refused(rule: str, field: str, why: str, mend: str) -> PromptRefusedError:
    return PromptRefusedError(f"{why} {mend}", rules=[BrokenRule(rule, field, why, mend)])
