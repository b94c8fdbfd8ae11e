"""What a caller asks, in one shape for all surfaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apps.core.bounded_json import UnreadableJsonError, read_json
from apps.gateway.errors import BodyRefusedError

# Ours: taken out before the rest is passed on, since a model server need not know them.
PROMPT_TEMPLATE, PROMPT_VERSION, VARIABLES = "prompt_template", "prompt_version", "variables"
MAX_CHOICES = 16


class Api(StrEnum):
    """What of OpenAI's interface is asked for; the value is its path below /v1/."""

    CHAT = "chat/completions"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A well-formed request.

    Attributes:
        body: OpenAI's fields, as they are passed on but for what the gateway sets.
        wants_usage: of a stream: whether the caller asked for its last chunk.
        template, number, variables: the prompt by name, its version (None: the newest) and what is put into it.
    """

    route: str
    api: Api
    body: dict[str, Any]
    stream: bool
    wants_usage: bool
    template: str | None
    number: int | None
    variables: Mapping[str, Any] | None

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body.get("messages") or []


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises:
        BodyRefusedError: it holds none.
    """
    try:
        body = read_json(raw)
    except UnreadableJsonError as error:
        raise BodyRefusedError(
            str(error),
            fields={"body": ["Send one JSON object with Content-Type application/json."]},
        ) from None
    if not isinstance(body, dict):
        raise BodyRefusedError("The body is JSON but no object.", fields={"body": ["Send one JSON object."]})
    return body


def read_asked(body: dict[str, Any], *, api: Api, route: str | None = None) -> Asked:
    """Return what `body` asks for.

    Args:
        route: when the path names it; else `model` does.

    Raises:
        BodyRefusedError: names every field that is wrong.
    """
    faults: dict[str, list[str]] = {}
    rest = dict(body)
    template, number, variables = (rest.pop(name, None) for name in (PROMPT_TEMPLATE, PROMPT_VERSION, VARIABLES))
    name = route if route is not None else rest.get("model")
    if not isinstance(name, str) or not name:
        faults["model"] = ["Name the route that is to answer; /v1/models lists yours."]
    for field, value, kind, what in (
        (PROMPT_TEMPLATE, template, str, "text"),
        (PROMPT_VERSION, number, int, "a whole number"),
        (VARIABLES, variables, dict, "an object of names and values"),
        ("stream", rest.get("stream"), bool, "true or false"),
        ("stream_options", rest.get("stream_options"), dict, "an object"),
    ):
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            faults[field] = [f"It has to be {what}."]
    _check_counts(rest, faults)
    _check_input(rest, api, has_variables=variables is not None, faults=faults)
    if rest.pop("rag", None):
        faults["rag"] = ["No route retrieves documents yet. Leave it out."]
    if faults:
        why = "; ".join(f"{field}: {reasons[0]}" for field, reasons in list(faults.items())[:3])
        raise BodyRefusedError(f"The request is not valid: {why}", fields=faults)
    options = rest.get("stream_options") or {}
    return Asked(
        route=str(name),
        api=api,
        body=rest,
        stream=rest.get("stream") is True and api is not Api.EMBEDDINGS,
        wants_usage=options.get("include_usage") is True,
        template=template,
        number=number,
        variables=variables,
    )


def _check_counts(body: dict[str, Any], faults: dict[str, list[str]]) -> None:
    for field, most in (
        ("max_tokens", None),
        ("max_completion_tokens", None),
        ("n", MAX_CHOICES),
        ("best_of", MAX_CHOICES),
    ):
        value = body.get(field)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1 or (most is not None and value > most):
            faults[field] = [f"It has to be a whole number from 1 to {most}." if most else "It has to be 1 or more."]


def _check_input(body: dict[str, Any], api: Api, *, has_variables: bool, faults: dict[str, list[str]]) -> None:
    if api is Api.CHAT:
        _check_messages(body.get("messages"), may_be_empty=has_variables, faults=faults)
        return
    field = "prompt" if api is Api.COMPLETIONS else "input"
    if not isinstance(body.get(field), str | list) or not body[field]:
        faults[field] = ["Give text, or a list of texts."]


def _check_messages(messages: Any, *, may_be_empty: bool, faults: dict[str, list[str]]) -> None:
    if not messages and may_be_empty and messages in (None, []):
        return
    if not isinstance(messages, list) or not messages:
        faults["messages"] = ["Give at least one message, such as {'role': 'user', 'content': 'Hello'}."]
        return
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            faults[f"messages[{index}]"] = ["A message is an object with a role and a content."]
