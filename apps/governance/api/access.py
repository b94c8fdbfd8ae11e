"""Asking for access over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.doors import OWN, SIGNED_IN
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.access import access_kinds
from apps.governance.api.serializers import access as shapes
from apps.governance.models import AccessRequest


def _found(actor: User, request_id: UUID) -> AccessRequest:
    return get_object_or_404(selectors.visible_access_requests(actor=actor), pk=request_id)


def _detail(actor: User, request_id: UUID) -> Response:
    found = _found(actor, request_id)
    found.approvals = selectors.requests_about(found)  # type: ignore[attr-defined]  # for the shape alone
    return Response(shapes.AccessRequestDetailOut(found).data)


class AccessKinds(PortalAPIView):
    """GET /llm-ops/v1/governance/access-kinds"""

    permissions: ClassVar = {"get": SIGNED_IN}

    @extend_schema(summary="What can be asked for", responses=shapes.AccessKindsOut)
    def get(self, request: Request) -> Response:  # noqa: ARG002
        return Response({"kinds": shapes.AccessKindOut(access_kinds(), many=True).data})


class AccessRequests(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/access-requests"""

    permissions: ClassVar = {"get": Permission.READ, "post": SIGNED_IN}

    @extend_schema(
        summary="Access requests",
        parameters=[shapes.AccessRequestFilter],
        responses=shapes.AccessRequestOut(many=True),
    )
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.AccessRequestFilter, request)
        rows = selectors.visible_access_requests(actor=request.user)
        rows = rows.filter(requester=request.user) if asked.pop("mine") else rows
        return Response(page_of(request, rows.filter(**asked), lambda row: shapes.AccessRequestOut(row).data))

    @extend_schema(
        summary="Ask for a role, one object, a key or a limit",
        request=shapes.AccessRequestIn,
        responses=shapes.AccessRequestDetailOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.AccessRequestIn, request)
        made = services.ask_access(actor=request.user, given=given.pop("details"), **given)
        return _detail(request.user, made.pk)


class AccessRequestDetail(PortalAPIView):
    """GET /llm-ops/v1/governance/access-requests/{id}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="One access request with the verdicts on it", responses=shapes.AccessRequestDetailOut)
    def get(self, request: Request, request_id: UUID) -> Response:
        return _detail(request.user, request_id)


class WithdrawAccess(PortalAPIView):
    """POST /llm-ops/v1/governance/access-requests/{id}/withdraw"""

    permissions: ClassVar = {"post": OWN}

    @extend_schema(
        summary="Take an access request back", request=shapes.WithdrawIn, responses=shapes.AccessRequestDetailOut
    )
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        given = self.given(shapes.WithdrawIn, request)
        services.withdraw_access_request(actor=request.user, request=_found(request.user, request_id), **given)
        return _detail(request.user, request_id)


class CollectKey(PortalAPIView):
    """POST /llm-ops/v1/governance/access-requests/{id}/collect"""

    permissions: ClassVar = {"post": OWN}

    @extend_schema(summary="Make the key that was granted, once", request=None, responses=shapes.CollectedKeyOut)
    def post(self, request: Request, request_id: UUID) -> Response:
        """Make it. It takes no `Idempotency-Key`: keeping the answer would keep the key; a second call is refused."""
        made = services.collect_key(actor=request.user, request=_found(request.user, request_id))
        told = {"id": made.record.pk, "prefix": made.record.prefix, "token": made.token}
        return self.answer(shapes.CollectedKeyOut(told).data, "Keep this key: it is not shown again.")
