"""The policy gateway's older interface: a prompt in, a completion out."""

from dataclasses import dataclass
from typing import Any

import orjson

from apps.core.errors import DomainError
from apps.gateway.calls.asking import Api, Asked, read_asked
from apps.gateway.calls.events import DONE, Event
from apps.gateway.errors import BodyRefusedError
from apps.gateway.front.answers import envelope_error, enveloped, openai_error
from apps.gateway.recording.record import Record
from apps.gateway.surfaces.serve import account_of
from apps.telemetry.models import RequestEvent


@dataclass(frozen=True, slots=True)
class ProxySurface:
    """`/proxy/completion`, and with `stream` `/proxy/completion/stream`; `model` is a route name."""

    stream: bool
    name: str = RequestEvent.Surface.PROXY.value

    def asked(self, body: dict[str, Any]) -> Asked:
        rest = dict(body)
        prompt = rest.pop("prompt", None)
        if not isinstance(prompt, str) or not prompt:
            raise BodyRefusedError("The request is not valid: prompt: Give text.", fields={"prompt": ["Give text."]})
        chat = {"messages": [{"role": "user", "content": prompt}], "stream": self.stream}
        return read_asked(rest | chat, api=Api.CHAT)

    def whole(self, answer: dict[str, Any], raw: bytes, record: Record) -> bytes:  # noqa: ARG002
        return enveloped(account_of(record) | {"completion": _text(answer)})

    def event(self, event: Event) -> bytes:
        return b"data: " + orjson.dumps({"completion": event.text}) + b"\n\n" if event.text else b""

    def end(self, record: Record) -> bytes:  # noqa: ARG002
        return DONE

    def error(self, error: DomainError, record: Record) -> bytes:
        return envelope_error(error, request_id=record.public_id)

    def error_event(self, error: DomainError, record: Record) -> bytes:  # noqa: ARG002
        return b"data: " + openai_error(error) + b"\n\n"


def _text(answer: dict[str, Any]) -> str:
    for choice in answer.get("choices") or []:
        return (choice.get("message") or {}).get("content") or ""
    return ""
