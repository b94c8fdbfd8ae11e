"""One call, decided: which route, which prompt, what is sent upstream, and the most that it can cost."""

from dataclasses import dataclass
from typing import Any

import orjson

from apps.gateway.calls import limits, prompting
from apps.gateway.calls.asking import Api, Asked
from apps.gateway.errors import RouteNotServingError
from apps.gateway.snapshot.records import Prompt, Route, Snapshot

Decisions = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is going to happen, if the money is there.

    Attributes:
        url: of the upstream.
        body: what is sent there.
        prompt_chars: characters of the input, from which its tokens are estimated when the upstream does not say.
        most_nano: what the call can cost at most, in nano-dollars.
        decisions: what was decided on the way, for the record.
    """

    route: Route
    api: Api
    prompt: Prompt | None
    stream: bool
    wants_usage: bool
    url: str
    body: bytes
    prompt_chars: int
    most_nano: int
    decisions: Decisions


def plan(snapshot: Snapshot, route: Route, asked: Asked, *, default_max_output_tokens: int) -> Plan:
    """Decide about a call of a route that the caller may use.

    Raises:
        RouteNotServingError: nothing answers behind the route.
        PromptRefusedError, VariablesError: see `prompting`.
        InputTooLongError: see `limits`.
    """
    if not route.address:
        raise RouteNotServingError(route=route.name, status=route.status, upstream=route.label, retry_after_s=5)
    body = dict(asked.body)
    prompting.refuse_raw_prompt(route, asked)
    prompt = prompting.prompt_for(snapshot, route, asked) if asked.api is Api.CHAT else None
    if asked.api is Api.CHAT:
        body["messages"] = prompting.messages_for(prompt, asked)
    limits.check_input(route, body)
    output_limit = limits.output_limit(asked, route, default=default_max_output_tokens)
    _set_by_gateway(body, asked, output_limit)
    sent = orjson.dumps(body)
    most_in, most_out = limits.prompt_token_bound(len(sent)), output_limit * limits.choices(asked)
    return Plan(
        route=route,
        api=asked.api,
        prompt=prompt,
        stream=asked.stream,
        wants_usage=asked.wants_usage,
        url=f"{route.address}/v1/{asked.api}",
        body=sent,
        prompt_chars=limits.characters(body),
        most_nano=route.prices.cost_nano(most_in, most_out),
        decisions=_decisions(asked, prompt, output_limit),
    )


def _set_by_gateway(body: dict[str, Any], asked: Asked, output_limit: int) -> None:
    """Set what the caller has no say in: the model's name, the answer's length, that a stream ends with usage."""
    body["model"] = asked.route
    if asked.api is Api.EMBEDDINGS:
        return
    names = [name for name in ("max_completion_tokens", "max_tokens") if body.get(name) is not None]
    body |= dict.fromkeys(names or ["max_tokens"], output_limit)
    if asked.stream:
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}


def _decisions(asked: Asked, prompt: Prompt | None, output_limit: int) -> Decisions:
    made: Decisions = []
    if prompt is not None:
        made.append({"check": "prompt", "passed": True, "detail": f"{prompt.label} was put around the request."})
    if asked.api is not Api.EMBEDDINGS:
        made.append({"check": "output_limit", "passed": True, "detail": f"At most {output_limit} tokens an answer."})
    return made
