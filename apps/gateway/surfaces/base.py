"""What the way of a call needs of a surface."""

from typing import Any, Protocol

from apps.core.errors import DomainError
from apps.gateway.calls.asking import Asked
from apps.gateway.calls.events import Event
from apps.gateway.recording.record import Record


class Surface(Protocol):
    """One form of asking and answering. Knows nothing of keys, money or servers."""

    @property
    def name(self) -> str:
        """How it is recorded: one of RequestEvent.Surface."""

    def asked(self, body: dict[str, Any]) -> Asked:
        """Return what is asked.

        Raises:
            BodyRefusedError: see `calls.asking`.
        """

    def whole(self, answer: dict[str, Any], raw: bytes, record: Record) -> bytes:
        """Return the body of an answer that is not streamed; `raw` are the bytes of `answer`."""

    def event(self, event: Event) -> bytes:
        """Return an event of a stream as it is passed on."""

    def end(self, record: Record) -> bytes:
        """Return what ends a stream that is whole."""

    def error(self, error: DomainError, record: Record) -> bytes:
        """Return the body of a refusal."""

    def error_event(self, error: DomainError, record: Record) -> bytes:
        """Return the event that ends a stream which cannot go on."""
