"""Calls that the portal makes for a person who is signed in.

They go through the real gateway, so they are checked, recorded and paid like any other.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from asgiref.sync import async_to_sync

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.core.doors import note_asked
from apps.core.errors import DomainError
from apps.core.requests import current_request_id
from apps.gateway.calls.access import internal_token
from apps.gateway.calls.events import Event, EventSplitter, read_event
from apps.gateway.conf import GatewaySettings
from apps.gateway.errors import ChatRefusedError, GatewayAwayError
from apps.gateway.surfaces.serve import ACCOUNT

PASSED_HEADERS = ("X-LLMOps-Request-Id", "Retry-After", "X-Should-Retry")
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAnswer:
    """What a model answered, in whole.

    Attributes:
        request_id: leads to the request's page, and to its provenance.
        prompt: name and version of the prompt that was put around the messages; "" without one.
        is_estimated: the tokens, and with them the cost, are estimated.
    """

    request_id: str
    text: str
    route: str
    revision: int
    model: str
    prompt: str
    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool
    cost_usd: Decimal
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Relayed:
    """The gateway's answer as it came. `pieces` is a stream's body, else `body` holds it all."""

    status: int
    content_type: str
    headers: dict[str, str]
    body: bytes
    pieces: AsyncGenerator[bytes, None] | None


def chat_as(
    *, actor: User, route: str, messages: Sequence[dict[str, Any]], **given: Any
) -> AsyncIterator[str | ChatAnswer]:
    """Have a route answer `messages` in the name of `actor`; gives the answer's pieces as they come, then all of it.

    Args:
        given: sampling settings, `prompt_template`, `prompt_version`, `variables`: as in the API.

    Raises:
        ChatRefusedError: the gateway refused or the model failed; says why, with the rules and fields to blame.
            After the first piece the iterator raises it.
        GatewayAwayError: the gateway does not answer, or not to the end.
    """
    body = orjson.dumps({**given, "messages": list(messages), "stream": True})
    relayed = async_to_sync(relay)(actor=actor, path=f"serve/{quote(route, safe='')}/chat", body=body)
    if relayed.pieces is None:
        raise _refusal(relayed)
    return _answering(relayed.pieces)


async def relay(*, actor: User, path: str, body: bytes) -> Relayed:
    """Pass a call on in the name of `actor` and return the answer as it comes; a stream's pieces while they come.

    Args:
        path: below /llm-ops/v1/.

    Raises:
        GatewayAwayError: the gateway does not answer.
    """
    note_asked(Permission.USE)  # by the gateway, of whoever calls in the name of the actor
    session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
    try:
        response = await session.post(
            f"{GatewaySettings.load().url}/llm-ops/v1/{path}",
            data=body,
            headers={
                "Authorization": f"Bearer {internal_token(str(actor.pk))}",
                "Content-Type": "application/json",
                "X-Request-Id": current_request_id(),
            },
        )
        headers = {name: response.headers[name] for name in PASSED_HEADERS if name in response.headers}
        if response.content_type == "text/event-stream":
            return Relayed(response.status, response.headers["Content-Type"], headers, b"", _pieces(session, response))
        whole = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        await session.close()
        raise GatewayAwayError from error
    await session.close()
    return Relayed(response.status, response.content_type, headers, whole, None)


async def _pieces(session: aiohttp.ClientSession, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async with session, response:
        async for piece in response.content.iter_any():
            yield piece


def _refusal(relayed: Relayed) -> DomainError:
    try:
        said = orjson.loads(relayed.body)
    except orjson.JSONDecodeError:
        return GatewayAwayError()
    data = said.get("data") or {}
    return ChatRefusedError(
        said.get("message"), fields=data.get("fields"), status=relayed.status, code=data.get("code")
    )


async def _answering(pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[str | ChatAnswer]:
    """Read what the gateway's own chat streams: chunks, then the account of the call; or an error in their place."""
    text, account = "", None
    async for event in _events(pieces):
        chunk = event.chunk or {}
        if error := chunk.get("error"):
            raise ChatRefusedError(error["message"], code=error["code"])
        if chunk.get("object") == ACCOUNT:
            account = chunk
        elif event.text:
            text += event.text
            yield event.text
    if account is None:
        raise GatewayAwayError
    yield _answer(text, account)


async def _events(pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[Event]:
    splitter = EventSplitter(max_bytes=GatewaySettings.load().event_max_bytes)
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                for raw in splitter.feed(piece):
                    yield read_event(raw)
    except aiohttp.ClientError as error:
        raise GatewayAwayError from error


def _answer(text: str, data: dict[str, Any]) -> ChatAnswer:
    usage = data["usage"]
    return ChatAnswer(
        request_id=data["id"],
        text=text,
        route=data["route"],
        revision=data["revision"],
        model=data["model"],
        prompt=data["prompt"] or "",
        prompt_tokens=usage["prompt_tokens"],
        completion_tokens=usage["completion_tokens"],
        is_estimated=usage["estimated"],
        cost_usd=Decimal(data["cost_usd"]),
        latency_ms=data["latency_ms"],
    )
