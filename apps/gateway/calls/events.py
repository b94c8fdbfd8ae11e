"""Server-sent events of a streamed completion: split as they come, read as far as the gateway must know."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from apps.gateway.calls.metering import Meter

DONE = b"data: [DONE]\n\n"
_END = re.compile(rb"\r?\n\r?\n")
_DATA = b"data:"


class EventTooLongError(ValueError):
    """An event is longer than any that a model server sends."""


class EventSplitter:
    """Cuts bytes into events, however they were cut on the way."""

    def __init__(self, *, max_bytes: int) -> None:
        self._rest = b""
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Return the events that are complete now, each with the empty line that ends it.

        Raises:
            EventTooLongError: one has no end within `max_bytes`.
        """
        self._rest += data
        events, start = [], 0
        for end in _END.finditer(self._rest):
            events.append(self._rest[start : end.end()])
            start = end.end()
        self._rest = self._rest[start:]
        if len(self._rest) > self._max_bytes:
            raise EventTooLongError
        return events


@dataclass(frozen=True, slots=True)
class Event:
    """One event, read.

    Attributes:
        raw: as it came.
        chunk: the JSON object in it; None for a comment or the end mark.
    """

    raw: bytes
    chunk: dict[str, Any] | None
    is_done: bool

    @property
    def is_usage_only(self) -> bool:
        """Whether it is the last chunk that OpenAI's servers add when asked for usage."""
        return self.chunk is not None and not self.chunk.get("choices") and isinstance(self.chunk.get("usage"), dict)

    @property
    def text(self) -> str:
        """What the first choice adds to its answer."""
        for choice in (self.chunk or {}).get("choices") or []:
            delta = choice.get("delta") or {}
            return delta.get("content") or choice.get("text") or ""
        return ""

    @property
    def is_finish(self) -> bool:
        return any(choice.get("finish_reason") for choice in (self.chunk or {}).get("choices") or [])


def read_event(raw: bytes) -> Event:
    """Return what an event holds.

    Raises:
        ValueError: its data is neither a chunk of a completion nor the end mark.
    """
    data = b"\n".join(line[len(_DATA) :].strip() for line in raw.splitlines() if line.startswith(_DATA))
    if data == b"[DONE]":
        return Event(raw, None, is_done=True)
    if not data:
        return Event(raw, None, is_done=False)
    chunk = orjson.loads(data)
    if not isinstance(chunk, dict) or not _has_choices(chunk):
        raise ValueError("the data of an event is no chunk of a completion")
    return Event(raw, chunk, is_done=False)


def _has_choices(chunk: dict[str, Any]) -> bool:
    choices = chunk.get("choices") or []
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and isinstance(choice.get("delta") or {}, dict) for choice in choices
    )


def meter_event(meter: Meter, event: Event) -> None:
    """Count an event: the usage in it, or one token for each choice that says something."""
    if event.chunk is None:
        return
    for choice in event.chunk.get("choices") or []:
        delta = choice.get("delta") or {}
        if choice.get("text") or any(value for name, value in delta.items() if name != "role"):
            meter.count_piece()
    meter.take_usage(event.chunk.get("usage"))
