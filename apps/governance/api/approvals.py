"""Approval requests and the verdicts on them, over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.doors import OWN
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api.serializers import approvals as shapes
from apps.governance.models import ApprovalRequest


def _detail(actor: User, request_id: UUID) -> Any:
    requests = selectors.visible_requests(actor=actor).prefetch_related("approvals__approver", "approvals__delegation")
    found = get_object_or_404(requests, pk=request_id)
    tally = services.tally_about(found)
    found.demands = tally.demands  # type: ignore[attr-defined]  # for the serializer
    found.not_counted = [{"approval_id": given.pk, "why": why} for given, why in tally.not_counted]  # type: ignore[attr-defined]
    return shapes.ApprovalRequestDetailOut(found).data


class Requests(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/approvals"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(
        summary="Approval requests", parameters=[shapes.RequestFilter], responses=shapes.ApprovalRequestOut(many=True)
    )
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.RequestFilter, request)
        rows = selectors.filtered_requests(actor=request.user, **asked)
        return Response(page_of(request, rows, lambda row: shapes.ApprovalRequestOut(row).data))

    @extend_schema(
        summary="Ask for approval of a move", request=shapes.RequestIn, responses=shapes.ApprovalRequestDetailOut
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = services.request_move(actor=request.user, **self.given(shapes.RequestIn, request))
        return Response(_detail(request.user, asked.pk))


class RequestDetail(PortalAPIView):
    """GET /llm-ops/v1/governance/approvals/{id}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="One approval request with its verdicts", responses=shapes.ApprovalRequestDetailOut)
    def get(self, request: Request, request_id: UUID) -> Response:
        return Response(_detail(request.user, request_id))


class RequestVerb(PortalAPIView):
    """The base of the verbs on a request."""

    def asked(self, request: Request, request_id: UUID) -> ApprovalRequest:
        return get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)


class Approve(RequestVerb):
    """POST /llm-ops/v1/governance/approvals/{id}/approve"""

    permissions: ClassVar = {"post": Permission.APPROVE}

    @extend_schema(summary="Approve", request=shapes.ApproveIn, responses=shapes.ApprovalRequestDetailOut)
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        given = self.given(shapes.ApproveIn, request)
        services.approve_request(actor=request.user, request=self.asked(request, request_id), **given)
        return Response(_detail(request.user, request_id))


class Reject(RequestVerb):
    """POST /llm-ops/v1/governance/approvals/{id}/reject"""

    permissions: ClassVar = {"post": Permission.APPROVE}

    @extend_schema(summary="Reject", request=shapes.RejectIn, responses=shapes.ApprovalRequestDetailOut)
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        given = self.given(shapes.RejectIn, request)
        services.reject_request(actor=request.user, request=self.asked(request, request_id), **given)
        return Response(_detail(request.user, request_id))


class Execute(RequestVerb):
    """POST /llm-ops/v1/governance/approvals/{id}/execute"""

    permissions: ClassVar = {"post": (Permission.APPROVE, Permission.EDIT)}

    @extend_schema(
        summary="Make the move of a request that has all its approvals",
        request=None,
        responses=shapes.ApprovalRequestDetailOut,
    )
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        services.execute_request(actor=request.user, request=self.asked(request, request_id))
        return Response(_detail(request.user, request_id))


class Withdraw(RequestVerb):
    """POST /llm-ops/v1/governance/approvals/{id}/withdraw"""

    permissions: ClassVar = {"post": OWN}

    @extend_schema(summary="Withdraw", request=shapes.VerdictIn, responses=shapes.ApprovalRequestDetailOut)
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        reason = self.given(shapes.VerdictIn, request)["comment"]
        services.withdraw_request(actor=request.user, request=self.asked(request, request_id), reason=reason)
        return Response(_detail(request.user, request_id))
