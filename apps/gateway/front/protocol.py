"""The HTTP protocol of the front door: uvicorn's, with bounds on what a caller may send before it is known.

uvicorn bounds neither headers nor how long they take. A faster request path would be answered from here, without ASGI,
by the same decisions (`calls`).
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_MAX_BYTES = 32 * 1024
HEADERS_MAX_COUNT = 100
HEADERS_WITHIN_S = 20.0

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HeadersTooLargeError(Exception):
    """The caller sent more headers than any client does."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses headers that are too many, too long, or too slow."""

    _deadline: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0
        self._expect_headers()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._headers_came()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if self._are_too_large:
            self.transport.write(TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)

    @property
    def _are_too_large(self) -> bool:
        return self._header_bytes > HEADERS_MAX_BYTES or len(self.headers or ()) > HEADERS_MAX_COUNT

    def _count(self, more: int) -> None:
        self._header_bytes += more
        if self._are_too_large:
            # Out of a callback of the parser this makes uvicorn refuse the request and end the connection.
            raise HeadersTooLargeError

    def _expect_headers(self) -> None:
        self._headers_came()
        self._deadline = self.loop.call_later(HEADERS_WITHIN_S, self.transport.close)

    def _headers_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
