"""Standing in for an approver, over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_people, visible_teams
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api.serializers import delegations as shapes


class Delegations(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/delegations"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.APPROVE}

    @extend_schema(summary="Who stands in for whom", responses=shapes.DelegationOut(many=True))
    def get(self, request: Request) -> Response:
        rows = selectors.visible_delegations(actor=request.user)
        return Response(page_of(request, rows, lambda row: shapes.DelegationOut(row).data))

    @extend_schema(
        summary="Let somebody give verdicts in the caller's place",
        request=shapes.DelegationIn,
        responses=shapes.DelegationOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.DelegationIn, request)
        team = get_object_or_404(visible_teams(actor=request.user), slug=given.pop("team"))
        delegate = get_object_or_404(visible_people(actor=request.user), username=given.pop("delegate"))
        made = services.delegate_approvals(actor=request.user, team=team, delegate=delegate, **given)
        return Response(shapes.DelegationOut(made).data)


class Delegation(PortalAPIView):
    """DELETE /llm-ops/v1/governance/delegations/{id}"""

    permissions: ClassVar = {"delete": Permission.READ}

    @extend_schema(summary="End a delegation", responses=shapes.DelegationOut)
    def delete(self, request: Request, delegation_id: UUID) -> Response:
        found = get_object_or_404(selectors.visible_delegations(actor=request.user), pk=delegation_id)
        return Response(shapes.DelegationOut(services.revoke_delegation(actor=request.user, delegation=found)).data)
