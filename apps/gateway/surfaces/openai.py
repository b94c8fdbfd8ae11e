"""OpenAI's own interface, so that its official client works unchanged; `model` is a route name."""

from dataclasses import dataclass
from typing import Any

from apps.core.errors import DomainError
from apps.gateway.calls.access import usable_routes
from apps.gateway.calls.asking import Api, Asked, read_asked
from apps.gateway.calls.events import DONE, Event
from apps.gateway.front.answers import openai_error
from apps.gateway.recording.record import Record
from apps.gateway.snapshot.records import Caller, Route, Snapshot
from apps.telemetry.models import RequestEvent


@dataclass(frozen=True, slots=True)
class OpenAiSurface:
    """`/v1/<api>`: bytes of the model server pass unchanged, tool calls, logprobs and formats included."""

    api: Api
    name: str = RequestEvent.Surface.OPENAI.value

    def asked(self, body: dict[str, Any]) -> Asked:
        return read_asked(body, api=self.api)

    def whole(self, answer: dict[str, Any], raw: bytes, record: Record) -> bytes:  # noqa: ARG002
        return raw

    def event(self, event: Event) -> bytes:
        return event.raw

    def end(self, record: Record) -> bytes:  # noqa: ARG002
        return DONE

    def error(self, error: DomainError, record: Record) -> bytes:  # noqa: ARG002
        return openai_error(error)

    def error_event(self, error: DomainError, record: Record) -> bytes:  # noqa: ARG002
        return b"data: " + openai_error(error) + b"\n\n"


def model_list(snapshot: Snapshot, caller: Caller, *, now: float) -> dict[str, Any]:
    """Return the routes that `caller` may call, as OpenAI lists models."""
    return {"object": "list", "data": [model(route) for route in usable_routes(snapshot, caller, now=now)]}


def model(route: Route) -> dict[str, Any]:
    """Return a route as OpenAI describes a model."""
    return {"id": route.name, "object": "model", "created": int(route.created_at), "owned_by": route.team_slug}
