"""The ASGI application: which address is whose."""

import time
from pathlib import Path

import orjson
import structlog
from django.conf import settings

from apps.core.errors import DomainError
from apps.gateway.calls.access import authenticated, permitted_route
from apps.gateway.calls.asking import Api
from apps.gateway.conf import GatewaySettings
from apps.gateway.errors import ClientGoneError, UnsupportedPathError
from apps.gateway.exchange import answer
from apps.gateway.front import pages
from apps.gateway.front.answers import JSON, openai_error, refusal_headers, status_of
from apps.gateway.front.asgi import Receive, Reply, Request, Scope, Send
from apps.gateway.front.passing import PortalPassage
from apps.gateway.snapshot.keeper import Loader
from apps.gateway.state import Gateway
from apps.gateway.surfaces.base import Surface
from apps.gateway.surfaces.openai import OpenAiSurface, model, model_list
from apps.gateway.surfaces.proxy import ProxySurface
from apps.gateway.surfaces.serve import ServeSurface

log = structlog.get_logger(__name__)

API, OPENAI, PROXY = "/llm-ops/v1", "/v1/", "/proxy/completion"
SERVE = f"{API}/serve/"
OPENAI_SURFACES = {f"{OPENAI}{api}": OpenAiSurface(api) for api in Api}
PROXY_SURFACES = {
    **dict.fromkeys((PROXY, API + PROXY), ProxySurface(stream=False)),
    **dict.fromkeys((f"{PROXY}/stream", f"{API}{PROXY}/stream"), ProxySurface(stream=True)),
}
KNOWN = ", ".join(["GET /v1/models", *(f"POST {path}" for path in OPENAI_SURFACES)])
INTERNAL_ERROR = orjson.dumps(
    {
        "status": "error",
        "message": "Something went wrong here; it is not your fault. Tell an administrator the request id.",
        "data": {"code": "core.internal"},
    }
)


class GatewayApplication:
    """The front door: calls of models, what the gateway says of itself, and the portal behind everything else.

    Args:
        load: reads a snapshot; the default reads the database.
    """

    def __init__(self, configured: GatewaySettings, *, load: Loader | None = None) -> None:
        self.gateway = Gateway(spool_folder=Path(settings.SPOOL_DIR), settings=configured, load=load)
        self.portal = PortalPassage(settings.PORTAL_SOCKET)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._respond(
                Request(scope, receive), Reply(send, taken_within_s=self.gateway.settings.idle_timeout_s)
            )

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.gateway.start()
        await self.portal.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.portal.close()
        await self.gateway.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _respond(self, request: Request, reply: Reply) -> None:
        try:
            await self._route(request, reply)
        except ClientGoneError:
            pass
        except Exception:
            # The outermost edge: a bug is logged with its trace, and its caller told no more than that there is one.
            log.exception("gateway.bug", path=request.path)
            if reply.has_started:
                raise
            await reply.whole(500, [JSON], INTERNAL_ERROR)

    async def _route(self, request: Request, reply: Reply) -> None:
        path = request.path
        if (surface := surface_for(request)) is not None:
            await answer(self.gateway, request, surface, reply)
        elif path.startswith(OPENAI):
            await self._openai(request, reply)
        elif path == "/healthz":
            await pages.healthz(reply)
        elif path == "/readyz":
            await pages.readyz(self.gateway, self.portal, reply)
        elif path == "/metrics":
            await pages.metrics(self.gateway, request, reply)
        elif path == "/metrics/portal":
            await self.portal.pass_on(request, reply, path="/metrics")
        else:
            await self.portal.pass_on(request, reply)

    async def _openai(self, request: Request, reply: Reply) -> None:
        """Answer what OpenAI's interface has beside calls: the list of models, and one of them."""
        try:
            body = self._models(request)
        except DomainError as refusal:
            await reply.whole(status_of(refusal), [JSON, *refusal_headers(refusal)], openai_error(refusal))
        else:
            await reply.whole(200, [JSON], body)

    def _models(self, request: Request) -> bytes:
        snapshot, now = self.gateway.snapshots.current(), time.time()
        caller, _ = authenticated(snapshot, request.header(b"authorization"), now=now, address=request.client_address)
        collection, _, name = request.path.removeprefix(OPENAI).partition("/")
        if request.method != "GET" or collection != "models":
            raise UnsupportedPathError(method=request.method, path=request.path, known=KNOWN)
        if name:
            return orjson.dumps(model(permitted_route(snapshot, caller, name, now=now)))
        return orjson.dumps(model_list(snapshot, caller, now=now))


def surface_for(request: Request) -> Surface | None:
    """Return the surface that a request is a call on, or None when it is no call of a model.

    A person's session is the portal's to check, so a call on the portal's own API with a cookie and no key goes there,
    and comes back in that person's name (see `services.chat_as`).
    """
    if request.method != "POST":
        return None
    by_session = request.header(b"authorization") is None and request.header(b"cookie") is not None
    if by_session and request.path.startswith(API):
        return None
    if surface := OPENAI_SURFACES.get(request.path) or PROXY_SURFACES.get(request.path):
        return surface
    route = request.path.removeprefix(SERVE).removesuffix("/chat")
    return ServeSurface(route) if request.path == f"{SERVE}{route}/chat" and route and "/" not in route else None
