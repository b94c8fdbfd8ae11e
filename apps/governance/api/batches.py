"""Batches of approval requests over HTTP."""

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
from apps.governance.models import ApprovalBatch


def _found(actor: User, batch_id: UUID) -> ApprovalBatch:
    return get_object_or_404(selectors.visible_batches(actor=actor), pk=batch_id)


def _detail(actor: User, batch_id: UUID) -> Any:
    batch = _found(actor, batch_id)
    batch.digest = services.batch_digest(batch)  # type: ignore[attr-defined]  # for the serializer
    requests = selectors.visible_requests(actor=actor).filter(batch=batch).order_by("pk")
    return {**shapes.BatchOut(batch).data, "digest": batch.digest, "requests": _shown(requests)}  # type: ignore[attr-defined]


def _shown(requests: Any) -> Any:
    return shapes.ApprovalRequestOut(requests, many=True).data


class Batches(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/approvals/batches"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(summary="Batches of approval requests", responses=shapes.BatchOut(many=True))
    def get(self, request: Request) -> Response:
        rows = selectors.visible_batches(actor=request.user)
        return Response(page_of(request, rows, lambda row: shapes.BatchOut(row).data))

    @extend_schema(
        summary="Ask for the same move of many objects", request=shapes.BatchIn, responses=shapes.BatchDetailOut
    )
    @idempotent
    def post(self, request: Request) -> Response:
        batch = services.open_batch(actor=request.user, **self.given(shapes.BatchIn, request))
        return Response(_detail(request.user, batch.pk))


class Batch(PortalAPIView):
    """GET /llm-ops/v1/governance/approvals/batches/{id}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="One batch with its requests", responses=shapes.BatchDetailOut)
    def get(self, request: Request, batch_id: UUID) -> Response:
        return Response(_detail(request.user, batch_id))


class ApproveBatch(PortalAPIView):
    """POST /llm-ops/v1/governance/approvals/batches/{id}/approve"""

    permissions: ClassVar = {"post": Permission.APPROVE}

    @extend_schema(
        summary="Approve all of a batch, or nothing", request=shapes.BatchVerdictIn, responses=shapes.BatchDetailOut
    )
    @idempotent
    def post(self, request: Request, batch_id: UUID) -> Response:
        given = self.given(shapes.BatchVerdictIn, request)
        services.approve_batch(actor=request.user, batch=_found(request.user, batch_id), **given)
        return Response(_detail(request.user, batch_id))


class RejectBatch(PortalAPIView):
    """POST /llm-ops/v1/governance/approvals/batches/{id}/reject"""

    permissions: ClassVar = {"post": Permission.APPROVE}

    @extend_schema(
        summary="Reject all of a batch, or nothing", request=shapes.BatchRejectIn, responses=shapes.BatchDetailOut
    )
    @idempotent
    def post(self, request: Request, batch_id: UUID) -> Response:
        given = self.given(shapes.BatchRejectIn, request)
        services.reject_batch(actor=request.user, batch=_found(request.user, batch_id), **given)
        return Response(_detail(request.user, batch_id))


class WithdrawBatch(PortalAPIView):
    """POST /llm-ops/v1/governance/approvals/batches/{id}/withdraw"""

    permissions: ClassVar = {"post": OWN}

    @extend_schema(summary="Take a batch back", request=shapes.VerdictIn, responses=shapes.BatchDetailOut)
    @idempotent
    def post(self, request: Request, batch_id: UUID) -> Response:
        reason = self.given(shapes.VerdictIn, request)["comment"]
        services.withdraw_batch(actor=request.user, batch=_found(request.user, batch_id), reason=reason)
        return Response(_detail(request.user, batch_id))
