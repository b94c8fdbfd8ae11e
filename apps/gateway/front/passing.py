"""Passing on to the portal what is not the gateway's own, both ways as it comes: nothing is held in memory.

Large uploads and downloads flow with the slower side's speed, server-sent events at once. The portal puts a body on the
disk before it looks who sends it, so bodies are short except where files arrive, and a file is passed on only for
somebody whom the portal knows.
"""

import asyncio
import http
from collections.abc import AsyncIterator, Iterable
from typing import Any

import aiohttp
import orjson
from yarl import URL

from apps.core.requests import sane_request_id
from apps.gateway.errors import PassedBodyTooLargeError, UpstreamUnreachableError
from apps.gateway.front import bodies
from apps.gateway.front.answers import JSON, envelope_error, status_of
from apps.gateway.front.asgi import Headers, Reply, Request, while_there

CONNECT_TIMEOUT_S = 3.0
READY_TIMEOUT_S = 2.0

# RFC 9110, section 7.6.1: between two neighbours only.
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"expect",
}
# What only the front door may say.
OURS = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-request-id"}

# What tells of a body; left out where none is passed on.
ABOUT_BODY = {"content-length", "content-type", "content-encoding"}
# What tells who calls, and from where.
ABOUT_CALLER = {"authorization", "cookie", "host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
AWAY = (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError, aiohttp.ConnectionTimeoutError)

AWAY_PAGE = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The portal is away</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>The portal is away</h1>
<p>It may be starting or being brought up to date. Load this page again in a moment.</p>
<p>Calls of models are answered meanwhile. An administrator sees what is wrong at <a href="/readyz">/readyz</a>.</p>
</body>
</html>
"""


class PortalPassage:
    """The way to the portal, over its Unix socket."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=self._socket, limit=0, keepalive_timeout=2.0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        )

    async def close(self) -> None:
        await self._session.close()

    async def state(self) -> dict[str, Any] | None:
        """Return what the portal says of itself, or None when it says nothing."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S), self._session.get("http://portal/readyz") as response:
                said = orjson.loads(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError):
            return None
        return said if isinstance(said, dict) else None

    async def pass_on(self, request: Request, reply: Reply, *, path: str | None = None) -> None:
        """Have the portal answer.

        Args:
            path: what to ask for there; default: what the caller asks for here.

        Raises:
            ClientGoneError: the caller went away; the portal's work is ended too.
        """
        request_id = sane_request_id(request.client_request_id)
        uploading = _Upload(request)
        try:
            bodies.refuse_announced(request)
            await self._pass_on(request, reply, uploading, request_id, path)
        except PassedBodyTooLargeError as refusal:
            await _refuse(refusal, reply, request_id)
        except (aiohttp.ClientConnectionError, aiohttp.ConnectionTimeoutError) as error:
            if reply.has_started:
                raise
            if uploading.refusal is not None:
                await _refuse(uploading.refusal, reply, request_id)
            elif isinstance(error, AWAY):
                await _say_away(request, reply, request_id)
            else:
                raise

    async def _pass_on(
        self, request: Request, reply: Reply, uploading: "_Upload", request_id: str, path: str | None
    ) -> None:
        headers = _headers_on(request, request_id)
        data: AsyncIterator[bytes] | None = uploading.chunks() if _has_body(request) else None
        if data is not None and bodies.takes_files(request.path) and not await self._knows_caller(headers):
            # Without the body the portal says in its own words what a stranger is told.
            headers = [(name, value) for name, value in headers if name not in ABOUT_BODY]
            data = None
        answering = self._session.request(
            request.method, _target(request, path), headers=headers, data=data, allow_redirects=False
        )
        async with answering as response:
            await _pass_back(request, response, reply, uploading, request_id)

    async def _knows_caller(self, headers: list[tuple[str, str]]) -> bool:
        """Return whether the portal knows who sends a request with `headers`, by key or by session."""
        asking = [(name, value) for name, value in headers if name.lower() in ABOUT_CALLER]
        async with self._session.get("http://portal/llm-ops/v1/accounts/me", headers=asking) as response:
            return response.status == http.HTTPStatus.OK


class _Upload:
    """The body on its way to the portal; `is_done` once there is no more of it.

    Attributes:
        refusal: why it was not passed on to its end.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.is_done = asyncio.Event()
        self.refusal: PassedBodyTooLargeError | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        left = limit = bodies.limit_bytes(self._request.path)
        async for chunk in self._request.chunks():
            left -= len(chunk)
            if left < 0:
                self.refusal = PassedBodyTooLargeError(limit_bytes=limit)
                raise self.refusal
            yield chunk
        self.is_done.set()


async def _pass_back(
    request: Request, response: aiohttp.ClientResponse, reply: Reply, uploading: _Upload, request_id: str
) -> None:
    await reply.start(response.status, _headers_back(response.raw_headers, request_id))
    if not _has_body(request) or uploading.is_done.is_set():
        await while_there(request, _download(response, reply))
    else:  # answered before the whole body was read: whoever sends it notices by itself
        await _download(response, reply)


async def _download(response: aiohttp.ClientResponse, reply: Reply) -> None:
    async for chunk in response.content.iter_any():
        await reply.chunk(chunk)
    await reply.end()


async def _refuse(refusal: PassedBodyTooLargeError, reply: Reply, request_id: str) -> None:
    headers = [JSON, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
    await reply.whole(status_of(refusal), headers, envelope_error(refusal, request_id=request_id))


async def _say_away(request: Request, reply: Reply, request_id: str) -> None:
    identified = (b"x-request-id", request_id.encode())
    refusal = UpstreamUnreachableError("The portal does not answer. Try again in a moment.", upstream="portal")
    if request.path.startswith(("/llm-ops/", "/metrics")):
        await reply.whole(status_of(refusal), [JSON, identified], envelope_error(refusal, request_id=request_id))
    else:
        await reply.whole(status_of(refusal), [(b"content-type", b"text/html; charset=utf-8"), identified], AWAY_PAGE)


def _target(request: Request, path: str | None) -> URL:
    path = path or request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return URL(f"http://portal{path}{'?' + query if query else ''}", encoded=True)


def _has_body(request: Request) -> bool:
    return request.header(b"content-length") not in (None, "0") or request.header(b"transfer-encoding") is not None


def _headers_on(request: Request, request_id: str) -> list[tuple[str, str]]:
    scope = request.scope
    named = {name.strip().lower() for name in (request.header(b"connection") or "").encode().split(b",")}
    left_out = HOP_BY_HOP | OURS | named
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"] if name not in left_out
    ]
    client = scope.get("client")
    headers.append(("X-Forwarded-For", client[0] if client else ""))
    headers.append(("X-Forwarded-Proto", scope["scheme"]))
    headers.append(("X-Forwarded-Host", request.header(b"host") or ""))
    headers.append(("X-Request-Id", request_id))
    return headers


def _headers_back(raw: Iterable[tuple[bytes, bytes]], request_id: str) -> Headers:
    headers = [(name.lower(), value) for name, value in raw if name.lower() not in HOP_BY_HOP]
    if not any(name == b"x-request-id" for name, _ in headers):
        headers.append((b"x-request-id", request_id.encode()))
    return headers
