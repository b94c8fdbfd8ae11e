"""How much a call may take in and give out. The gateway has no tokenizer, so it works with bounds that surely hold."""

from typing import Any

from apps.core.errors import BrokenRule
from apps.gateway.calls.asking import Api, Asked
from apps.gateway.errors import InputTooLongError
from apps.gateway.snapshot.records import Route

# Real text has 1 to 6 characters a token, code with deep indentation up to 10. What is longer than this surely does not
# fit; what is shorter may still not, and then the model server says so.
MAX_CHARS_PER_TOKEN = 16
# What a chat template may add that stands in no message, such as a default system message.
TEMPLATE_TOKENS = 256


def output_limit(asked: Asked, route: Route, *, default: int) -> int:
    """Return how many tokens one answer may have: the caller's wish, at most what the route allows.

    Args:
        default: applies where neither the caller nor the route says.
    """
    if asked.api is Api.EMBEDDINGS:
        return 0
    given = [asked.body[name] for name in ("max_tokens", "max_completion_tokens") if asked.body.get(name) is not None]
    if not given:
        return route.max_output_tokens or default
    return min(given if route.max_output_tokens is None else [*given, route.max_output_tokens])


def choices(asked: Asked) -> int:
    """Return how many answers the model makes, those included that the caller never sees."""
    several = max(asked.body.get("n") or 1, asked.body.get("best_of") or 1)
    inputs = asked.body.get("prompt")
    return several * (len(inputs) if isinstance(inputs, list) and inputs and not isinstance(inputs[0], int) else 1)


def check_input(route: Route, body: dict[str, Any]) -> None:
    """Refuse what surely has more tokens than the route takes in.

    Raises:
        InputTooLongError: says how long it may be.
    """
    if route.max_input_tokens is None:
        return
    most = route.max_input_tokens * MAX_CHARS_PER_TOKEN
    found = characters(body)
    if found > most:
        why = f"The input has {found:,} characters; the route takes {route.max_input_tokens:,} tokens."
        mend = f"More than {most:,} characters never fit. Shorten it."
        raise InputTooLongError(f"{why} {mend}", rules=[BrokenRule("input_fits", "messages", why, mend)])


def characters(body: dict[str, Any]) -> int:
    """Return how many characters of text a call takes in; pictures are not text."""
    return sum(_characters(body.get(field)) for field in ("messages", "prompt", "input"))


def prompt_token_bound(body_bytes: int) -> int:
    """Return a number of tokens that a prompt surely does not exceed.

    Tokenizers work on bytes: no token is less than one, and the JSON around each message is longer than what a chat
    template puts there.
    """
    return body_bytes + TEMPLATE_TOKENS


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(map(_characters, value))
    if isinstance(value, dict):
        return _characters(value.get("content")) + _characters(value.get("text"))
    return 0
