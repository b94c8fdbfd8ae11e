"""The id of the request in progress, for answers, logs and audit events; and where it comes from."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from apps.core.ids import new_id

SANE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$")
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the id of the request in progress, or "" outside of one."""
    return _request_id.get()


def sane_request_id(given: str | None) -> str:
    """Return the caller's id when it is sane (8 to 64 of `A-Za-z0-9._-`), else a new one."""
    return given if given and SANE.match(given) else str(new_id())


def client_address(request: Any) -> str:
    """Return the address of whoever sends `request`; "" when it cannot be known.

    Over TCP that is the other end of the connection, or what a proxy says whom the server trusts (uvicorn's
    `FORWARDED_ALLOW_IPS`). Over the portal's Unix socket nobody speaks but the gateway, which throws away what its own
    caller says of addresses, and says itself who called.
    """
    by_tcp = request.META.get("REMOTE_ADDR", "")
    return str(by_tcp or request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip())


class RequestIdMiddleware:
    """Take over or make `X-Request-Id`, bind it to the log, and send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = sane_request_id(request.headers.get("X-Request-Id"))
        token = _request_id.set(request_id)
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                response = self.get_response(request)
        finally:
            _request_id.reset(token)
        response["X-Request-Id"] = request_id
        return response
