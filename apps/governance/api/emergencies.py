"""Breaking the glass, and reviewing it, over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Permission
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api.serializers import emergencies as shapes


class Emergencies(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/emergencies"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.READ}

    @extend_schema(
        summary="Moves made past their gates",
        parameters=[shapes.EmergencyFilter],
        responses=shapes.EmergencyOut(many=True),
    )
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.EmergencyFilter, request)
        rows = selectors.visible_emergencies(actor=request.user)
        if asked["reviewed"] is not None:
            rows = rows.filter(reviewed_at__isnull=not asked["reviewed"])
        return Response(page_of(request, rows, lambda row: shapes.EmergencyOut(row).data))

    @extend_schema(
        summary="Make a gated move at once, in an emergency",
        request=shapes.EmergencyIn,
        responses=shapes.EmergencyOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        made = services.break_glass(actor=request.user, **self.given(shapes.EmergencyIn, request))
        return Response(shapes.EmergencyOut(made).data)


class Emergency(PortalAPIView):
    """GET /llm-ops/v1/governance/emergencies/{id}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="One move made past its gates", responses=shapes.EmergencyOut)
    def get(self, request: Request, emergency_id: UUID) -> Response:
        found = get_object_or_404(selectors.visible_emergencies(actor=request.user), pk=emergency_id)
        return Response(shapes.EmergencyOut(found).data)


class ReviewEmergency(PortalAPIView):
    """POST /llm-ops/v1/governance/emergencies/{id}/review"""

    permissions: ClassVar = {"post": Permission.APPROVE}

    @extend_schema(
        summary="Say whether it was justified", request=shapes.EmergencyReviewIn, responses=shapes.EmergencyOut
    )
    @idempotent
    def post(self, request: Request, emergency_id: UUID) -> Response:
        found = get_object_or_404(selectors.visible_emergencies(actor=request.user), pk=emergency_id)
        given = self.given(shapes.EmergencyReviewIn, request)
        return Response(
            shapes.EmergencyOut(services.review_emergency(actor=request.user, emergency=found, **given)).data
        )
