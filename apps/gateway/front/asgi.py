"""The few things of ASGI that the gateway needs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any, TypeVar

from apps.core.requests import SANE
from apps.gateway.errors import BodyRefusedError, BodyTooLargeError, ClientGoneError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]
T = TypeVar("T")

LOOPBACK = ("127.0.0.1", "::1")


class Request:
    """One request, as it arrives."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._receive = receive
        self._headers: dict[bytes, bytes] = dict(scope["headers"])

    def header(self, name: bytes) -> str | None:
        """Return a header by its name in lower case."""
        value = self._headers.get(name)
        return value.decode("latin-1") if value is not None else None

    @property
    def client_request_id(self) -> str:
        """The caller's own `X-Request-Id`, if it sent one that is sane; else ""."""
        given = self.header(b"x-request-id")
        return given if given and SANE.match(given) else ""

    @property
    def client_address(self) -> str:
        """Whoever calls: the other end of the connection, or whom a trusted proxy names; "" when it is not known."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def is_from_loopback(self) -> bool:
        return self.client_address in LOOPBACK

    async def body(self, *, max_bytes: int, within_s: float) -> bytes:
        """Return the whole body.

        Raises:
            BodyTooLargeError: it is longer; no more than that is read.
            BodyRefusedError: it does not arrive in time.
            ClientGoneError: the caller went away.
        """
        if (length := self.header(b"content-length")) and length.isdigit() and int(length) > max_bytes:
            raise BodyTooLargeError(limit_bytes=max_bytes)
        body = bytearray()
        try:
            async with asyncio.timeout(within_s):
                async for chunk in self.chunks():
                    body += chunk
                    if len(body) > max_bytes:
                        raise BodyTooLargeError(limit_bytes=max_bytes)
        except TimeoutError:
            raise BodyRefusedError(f"The body did not arrive within {within_s:g} s.") from None
        return bytes(body)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            ClientGoneError: the caller went away before its end.
        """
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            more = message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk

    async def gone(self) -> None:
        """Return when the caller has gone away; to be called once the body is read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Reply:
    """One answer, on its way.

    Args:
        taken_within_s: a caller that takes nothing for so long has gone away.
    """

    def __init__(self, send: Send, *, taken_within_s: float) -> None:
        self._send = send
        self._taken_within_s = taken_within_s
        self.has_started = False

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer in one piece."""
        await self.start(status, [*headers, (b"content-length", str(len(body)).encode())])
        await self.end(body)

    async def start(self, status: int, headers: Headers) -> None:
        self.has_started = True
        await self._sent({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def chunk(self, body: bytes) -> None:
        """Send a piece; waits while the caller is slow.

        Raises:
            ClientGoneError: it took nothing for too long.
        """
        await self._sent({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self, body: bytes = b"") -> None:
        await self._sent({"type": "http.response.body", "body": body, "more_body": False})

    async def _sent(self, message: MutableMapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._taken_within_s):
                await self._send(message)
        except TimeoutError:
            raise ClientGoneError from None


async def while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; cancel it when the caller goes away first.

    Raises:
        ClientGoneError: it did.
    """
    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(request.gone())
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
