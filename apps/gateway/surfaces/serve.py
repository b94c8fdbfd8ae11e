"""The portal's own interface: `/llm-ops/v1/serve/{route}/chat`, with the answer in the envelope."""

from dataclasses import dataclass
from typing import Any

import orjson

from apps.core.errors import DomainError
from apps.costs.money import usd_text
from apps.gateway.calls.asking import Api, Asked, read_asked
from apps.gateway.calls.events import DONE, Event
from apps.gateway.front.answers import envelope_error, enveloped, openai_error
from apps.gateway.recording.record import Record
from apps.telemetry.models import RequestEvent

ACCOUNT = "llmops.account"  # the object that a stream's last chunk is


@dataclass(frozen=True, slots=True)
class ServeSurface:
    route: str
    name: str = RequestEvent.Surface.SERVE.value

    def asked(self, body: dict[str, Any]) -> Asked:
        return read_asked(body, api=Api.CHAT, route=self.route)

    def whole(self, answer: dict[str, Any], raw: bytes, record: Record) -> bytes:  # noqa: ARG002
        return enveloped(account_of(record) | {"choices": answer.get("choices", [])})

    def event(self, event: Event) -> bytes:
        return event.raw

    def end(self, record: Record) -> bytes:
        account = {"object": ACCOUNT, "choices": [], **account_of(record)}
        return b"data: " + orjson.dumps(account) + b"\n\n" + DONE

    def error(self, error: DomainError, record: Record) -> bytes:
        return envelope_error(error, request_id=record.public_id)

    def error_event(self, error: DomainError, record: Record) -> bytes:  # noqa: ARG002
        return b"data: " + openai_error(error) + b"\n\n"


def account_of(record: Record) -> dict[str, Any]:
    """Return what a caller is told of its call: who answered, and what it took and cost."""
    route, plan, meter = record.route, record.plan, record.meter
    return {
        "id": record.id,
        "route": route.name if route else None,
        "revision": route.revision_number if route else None,
        "model": route.model_name if route else None,
        "prompt": plan.prompt.label if plan and plan.prompt else None,
        "usage": {
            "prompt_tokens": meter.prompt_tokens,
            "completion_tokens": meter.completion_tokens,
            "total_tokens": meter.prompt_tokens + meter.completion_tokens,
            "estimated": meter.is_estimated,
        },
        "cost_usd": usd_text(record.cost_nano),
        "latency_ms": record.latency_ms,
    }
