"""Inference over HTTP, as far as it is the portal's: calls of people who are signed in.

The gateway itself answers `/serve/{route}/chat` for whoever has a key, before it gets here.
"""

from typing import ClassVar

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.permissions import Permission
from apps.core.api.views import PortalAPIView
from apps.gateway import services
from apps.gateway.api import serializers as shapes
from apps.gateway.calls.asking import read_object
from apps.gateway.surfaces.base import Surface
from apps.gateway.surfaces.proxy import ProxySurface
from apps.gateway.surfaces.serve import ServeSurface


class Chat(PortalAPIView):
    """POST /llm-ops/v1/serve/{routeName}/chat"""

    permissions: ClassVar = {"post": Permission.USE}

    @extend_schema(summary="Have a route answer a chat", request=shapes.ChatIn, responses=shapes.ChatOut)
    def post(self, request: Request, route_name: str) -> HttpResponseBase:
        return _relayed(request, ServeSurface(route_name))


class Completion(PortalAPIView):
    """POST /llm-ops/v1/proxy/completion"""

    permissions: ClassVar = {"post": Permission.USE}

    @extend_schema(
        summary="Complete a prompt (older surface)", request=shapes.CompletionIn, responses=shapes.CompletionOut
    )
    def post(self, request: Request) -> HttpResponseBase:
        return _relayed(request, ProxySurface(stream=False))


class CompletionStream(PortalAPIView):
    """POST /llm-ops/v1/proxy/completion/stream"""

    permissions: ClassVar = {"post": Permission.USE}

    @extend_schema(
        summary="Complete a prompt as server-sent events (older surface)",
        request=shapes.CompletionIn,
        responses={(200, "text/event-stream"): str},
    )
    def post(self, request: Request) -> HttpResponseBase:
        return _relayed(request, ProxySurface(stream=True))


def _relayed(request: Request, surface: Surface) -> HttpResponseBase:
    raw: HttpRequest = request._request  # noqa: SLF001  # DRF offers no public way to the raw bytes
    surface.asked(read_object(raw.body))  # what no gateway would take is refused here
    relayed = async_to_sync(services.relay)(
        actor=request.user, path=raw.path.removeprefix("/llm-ops/v1/"), body=raw.body
    )
    content = relayed.body if relayed.pieces is None else relayed.pieces
    kind = HttpResponse if relayed.pieces is None else StreamingHttpResponse
    return kind(content, content_type=relayed.content_type, status=relayed.status, headers=relayed.headers)
