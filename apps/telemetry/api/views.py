"""The records of requests over HTTP."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Permission
from apps.core.api.views import PortalAPIView
from apps.telemetry.api import serializers as shapes
from apps.telemetry.api.pages import events_page
from apps.telemetry.selectors import filtered_events
from apps.telemetry.services import read_event


class Requests(PortalAPIView):
    """GET /llm-ops/v1/serve/requests"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="Requests, newest first", parameters=[shapes.RequestFilter], responses=shapes.RequestOut(many=True)
    )
    def get(self, request: Request) -> Response:
        events = filtered_events(actor=request.user, asked=self.given_query(shapes.RequestFilter, request))
        return Response(events_page(request, events, lambda event: shapes.RequestOut(event).data))


class RequestDetail(PortalAPIView):
    """GET /llm-ops/v1/serve/requests/{requestId}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="The record of one request", responses=shapes.RequestDetailOut)
    def get(self, request: Request, request_id: str) -> Response:
        return Response(shapes.RequestDetailOut(read_event(actor=request.user, request_id=request_id)).data)
