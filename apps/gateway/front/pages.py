"""What the gateway says of itself: is it alive, is it ready, its figures."""

import hmac
from typing import Any

import orjson
from django.conf import settings

from apps.core.errors import DomainError
from apps.gateway.errors import CredentialsError, NotRecordingError, SnapshotStaleError
from apps.gateway.front.answers import JSON, envelope_error, status_of
from apps.gateway.front.asgi import Reply, Request
from apps.gateway.front.passing import PortalPassage
from apps.gateway.state import Gateway

PROMETHEUS = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


async def healthz(reply: Reply) -> None:
    """Answer that the process lives and its loop turns."""
    await reply.whole(200, [JSON], b'{"status":"success","message":"The gateway is alive.","data":null}')


async def readyz(gateway: Gateway, portal: PortalPassage, reply: Reply) -> None:
    """Answer whether calls can be served, and what is wrong if something is.

    A portal that is away degrades its own pages and no call, so it alone does not make the gateway unready.
    """
    portal_says = await portal.state()
    checks = {
        "snapshot": _holds(gateway.snapshots.current, SnapshotStaleError),
        "recording": _holds(gateway.spool.refuse_unless_writing, NotRecordingError),
        "notifications": gateway.snapshots.is_listening,
        "portal": portal_says is not None,
    }
    is_ready = checks["snapshot"] and checks["recording"]
    wrong = [name for name, holds in checks.items() if not holds]
    message = "Ready." if not wrong else f"{'Ready, but wrong' if is_ready else 'Not ready'}: {', '.join(wrong)}."
    data = {"checks": checks, "snapshot_age_s": gateway.snapshots.age_s, "portal": portal_says}
    body = {"status": "success" if is_ready else "error", "message": message, "data": data}
    await reply.whole(200 if is_ready else 503, [JSON], orjson.dumps(body))


async def metrics(gateway: Gateway, request: Request, reply: Reply) -> None:
    """Answer the figures of this process, to the machine itself or to whoever has the token."""
    if _may_read_metrics(request):
        age_s, waiting = gateway.snapshots.age_s, gateway.spool.waiting_bytes
        await reply.whole(200, [PROMETHEUS], gateway.metrics.page(snapshot_age_s=age_s, waiting_bytes=waiting))
    else:
        refusal = CredentialsError("Metrics are open to the machine itself, or with METRICS_TOKEN as a bearer token.")
        body = envelope_error(refusal, request_id=request.client_request_id)
        await reply.whole(status_of(refusal), [JSON], body)


def _may_read_metrics(request: Request) -> bool:
    token, given = settings.METRICS_TOKEN, request.header(b"authorization") or ""
    return request.is_from_loopback or bool(token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()))


def _holds(check: Any, refusal: type[DomainError]) -> bool:
    try:
        check()
    except refusal:
        return False
    return True
