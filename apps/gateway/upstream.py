"""Model servers: a pool of kept connections, a limit of time on every wait, one kind of error for each way to fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import aiohttp
import orjson

from apps.core.errors import DomainError
from apps.gateway import errors
from apps.gateway.calls.plan import Plan
from apps.gateway.conf import GatewaySettings

CONNECT_ATTEMPTS = 2
# Shorter than any server keeps an idle connection, so that we are the side that ends it.
KEPT_FOR_S = 2.0
ERROR_BODY_BYTES = 64 * 1024
LONG_BYTES = 256 * 1024
CALLERS_FAULT = {400, 413, 415, 422}
BUSY = {429, 503}


class UpstreamAnswer:
    """An answer that has begun with status 200."""

    def __init__(self, response: aiohttp.ClientResponse, label: str, settings: GatewaySettings) -> None:
        self._response = response
        self._label = label
        self._settings = settings
        self._has_begun = False
        self.raw = b""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            UpstreamTimeoutError: nothing came for too long.
            UpstreamDiedError: the connection broke.
        """
        while chunk := await self._chunk():
            yield chunk

    async def whole(self) -> dict[str, Any]:
        """Return the JSON object of the body, whose bytes are `raw` from then on.

        Raises:
            UpstreamNonsenseError: it is none, or too long.
            UpstreamTimeoutError, UpstreamDiedError: see `chunks`.
        """
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) > self._settings.answer_max_bytes:
                raise errors.UpstreamNonsenseError(upstream=self._label)
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise errors.UpstreamNonsenseError(upstream=self._label)
        self.raw = bytes(body)
        return answer

    async def _chunk(self) -> bytes:
        wait_s = self._settings.idle_timeout_s if self._has_begun else self._settings.first_byte_timeout_s
        try:
            async with asyncio.timeout(wait_s):
                chunk = await self._response.content.readany()
        except TimeoutError:
            raise errors.UpstreamTimeoutError(upstream=self._label, seconds=wait_s) from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise errors.UpstreamDiedError(upstream=self._label) from error
        self._has_begun = True
        return chunk


class Upstreams:
    """Every model server, through one pool."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_FOR_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._settings.connect_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "llmops-gateway"},
        )

    async def close(self) -> None:
        await self._session.close()

    @asynccontextmanager
    async def answering(self, plan: Plan, *, request_id: str) -> AsyncIterator[UpstreamAnswer]:
        """Send a call and yield its answer once it has begun. Leaving early ends the connection, and with it the work.

        Raises:
            UpstreamUnreachableError, UpstreamTimeoutError, UpstreamDiedError, UpstreamBrokenError: 502 or 504.
            UpstreamBusyError: it has as many calls as it takes.
            UpstreamRefusedError: it finds fault with the call; its words are in the message.
        """
        response = await self._send(plan, request_id)
        try:
            if response.status != 200:
                raise await self._refusal(response, plan.route.label)
            yield UpstreamAnswer(response, plan.route.label, self._settings)
        finally:
            # Ending a connection whose answer was not read to its end tells the server to stop its work.
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def _send(self, plan: Plan, request_id: str) -> aiohttp.ClientResponse:
        label, wait_s = plan.route.label, self._settings.first_byte_timeout_s
        attempt = 0
        while True:
            attempt += 1
            try:
                async with asyncio.timeout(wait_s):
                    headers = {"X-Request-Id": request_id}
                    return await self._session.post(plan.url, data=_in_pieces(plan.body), headers=headers)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                # Nothing has been sent yet, so trying again is safe; after the first byte it never is.
                if attempt == CONNECT_ATTEMPTS:
                    raise errors.UpstreamUnreachableError(upstream=label) from None
            except TimeoutError:
                raise errors.UpstreamTimeoutError(upstream=label, seconds=wait_s) from None
            except (aiohttp.ClientError, ConnectionError) as error:
                raise errors.UpstreamDiedError(upstream=label) from error

    async def _refusal(self, response: aiohttp.ClientResponse, label: str) -> DomainError:
        status = response.status
        if status in BUSY:
            return errors.UpstreamBusyError(upstream=label, retry_after_s=_seconds(response.headers.get("Retry-After")))
        if status in CALLERS_FAULT:
            return errors.UpstreamRefusedError(await self._words(response), upstream=label)
        return errors.UpstreamBrokenError(upstream=label, status=status)

    async def _words(self, response: aiohttp.ClientResponse) -> str | None:
        """Return what an error answer says, if it says something that a person can read."""
        try:
            async with asyncio.timeout(self._settings.idle_timeout_s):
                said = orjson.loads(await response.content.read(ERROR_BODY_BYTES))
        except (TimeoutError, aiohttp.ClientError, ConnectionError, orjson.JSONDecodeError):
            return None
        error = said.get("error", said) if isinstance(said, dict) else None
        message = error.get("message") if isinstance(error, dict) else error
        return f"The model server does not accept the request: {message}" if isinstance(message, str) else None


def _in_pieces(body: bytes) -> bytes | BytesIO:
    """Return a long body as a file, which is sent in pieces: in one it would hold up everybody else."""
    return body if len(body) < LONG_BYTES else BytesIO(body)


def _seconds(retry_after: str | None) -> int:
    return int(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 1
