"""Waivers over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Team
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_teams
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api.serializers import approvals, waivers
from apps.governance.models import Waiver


class Waivers(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/waivers"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(summary="Waivers", parameters=[waivers.WaiverFilter], responses=waivers.WaiverOut(many=True))
    def get(self, request: Request) -> Response:
        asked = self.given_query(waivers.WaiverFilter, request)
        rows = selectors.filtered_waivers(actor=request.user, asked=asked)
        return Response(page_of(request, rows, lambda row: waivers.WaiverOut(row).data))

    @extend_schema(summary="Draft a waiver", request=waivers.WaiverIn, responses=waivers.WaiverOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(waivers.WaiverIn, request)
        team: Team = get_object_or_404(visible_teams(actor=request.user), slug=given.pop("owner_team"))
        waiver = services.save_waiver_draft(actor=request.user, team=team, **given)
        return Response(waivers.WaiverOut(waiver).data)


class WaiverView(PortalAPIView):
    """The base of what is about one waiver."""

    def asked(self, request: Request, waiver_id: UUID) -> Waiver:
        return get_object_or_404(selectors.visible_waivers(actor=request.user), pk=waiver_id)


class WaiverDetail(WaiverView):
    """GET /llm-ops/v1/governance/waivers/{id}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="One waiver", responses=waivers.WaiverOut)
    def get(self, request: Request, waiver_id: UUID) -> Response:
        return Response(waivers.WaiverOut(self.asked(request, waiver_id)).data)


class SubmitWaiver(WaiverView):
    """POST /llm-ops/v1/governance/waivers/{id}/submit"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(summary="Ask that a waiver be granted", request=None, responses=approvals.ApprovalRequestOut)
    @idempotent
    def post(self, request: Request, waiver_id: UUID) -> Response:
        asked = services.submit_waiver(actor=request.user, waiver=self.asked(request, waiver_id))
        return Response(approvals.ApprovalRequestOut(asked).data)


class RevokeWaiver(WaiverView):
    """POST /llm-ops/v1/governance/waivers/{id}/revoke"""

    permissions: ClassVar = {"post": Permission.APPROVE}

    @extend_schema(summary="End a waiver before its time", request=waivers.RevokeIn, responses=waivers.WaiverOut)
    @idempotent
    def post(self, request: Request, waiver_id: UUID) -> Response:
        reason = self.given(waivers.RevokeIn, request)["reason"]
        waiver = services.revoke_waiver(actor=request.user, waiver=self.asked(request, waiver_id), reason=reason)
        return Response(waivers.WaiverOut(waiver).data)
