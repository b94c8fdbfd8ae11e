"""Policies, and what they decided, over HTTP."""

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
from apps.core.doors import SIGNED_IN
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api.serializers import approvals
from apps.governance.api.serializers import policies as shapes
from apps.governance.reference import facts_by_kind


class Decisions(PortalAPIView):
    """GET /llm-ops/v1/governance/decisions"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="What policies decided", parameters=[shapes.DecisionFilter], responses=shapes.DecisionOut(many=True)
    )
    def get(self, request: Request) -> Response:
        asked = {
            name: value for name, value in self.given_query(shapes.DecisionFilter, request).items() if value is not None
        }
        rows = selectors.visible_decisions(actor=request.user).filter(**asked)
        return Response(page_of(request, rows, lambda row: shapes.DecisionOut(row).data))


class DecisionDetail(PortalAPIView):
    """GET /llm-ops/v1/governance/decisions/{id}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="One decision with its facts", responses=shapes.DecisionOut)
    def get(self, request: Request, decision_id: UUID) -> Response:
        found = get_object_or_404(selectors.visible_decisions(actor=request.user), pk=decision_id)
        return Response(shapes.DecisionOut(found).data)


class Facts(PortalAPIView):
    """GET /llm-ops/v1/governance/facts"""

    permissions: ClassVar = {"get": SIGNED_IN}

    @extend_schema(summary="What policies may read, by kind of object", responses=shapes.FactsOut)
    def get(self, request: Request) -> Response:  # noqa: ARG002  # the same for everybody who is signed in
        return Response({"kinds": [kind.as_dict() for kind in facts_by_kind()]})


class Policies(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/policies"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(
        summary="Policy versions", parameters=[shapes.PolicyFilter], responses=shapes.PolicyVersionOut(many=True)
    )
    def get(self, request: Request) -> Response:
        rows = selectors.filtered_policies(actor=request.user, **self.given_query(shapes.PolicyFilter, request))
        return Response(page_of(request, rows, lambda row: shapes.PolicyVersionOut(row).data))

    @extend_schema(
        summary="Save a policy as a draft version", request=shapes.PolicyIn, responses=shapes.PolicyVersionOut
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.PolicyIn, request)
        team: Team = get_object_or_404(visible_teams(actor=request.user), slug=given["owner_team"])
        version = services.save_policy_draft(actor=request.user, team=team, source=given["source"])
        return Response(shapes.PolicyVersionOut(version).data)


class PolicyDetail(PortalAPIView):
    """GET, PUT /llm-ops/v1/governance/policies/{policyId}"""

    permissions: ClassVar = {"get": Permission.READ, "put": Permission.EDIT}

    @extend_schema(summary="One policy version", responses=shapes.PolicyVersionOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
        return Response(shapes.PolicyVersionOut(version).data)

    @extend_schema(
        summary="Save a changed policy as its next draft version",
        request=shapes.PolicySourceIn,
        responses=shapes.PolicyVersionOut,
    )
    def put(self, request: Request, version_id: UUID) -> Response:
        version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
        source = self.given(shapes.PolicySourceIn, request)["source"]
        changed = services.save_policy_draft(actor=request.user, team=version.owner_team, source=source)
        return Response(shapes.PolicyVersionOut(changed).data)


class PolicyTest(PortalAPIView):
    """POST /llm-ops/v1/governance/policies/{policyId}/test"""

    permissions: ClassVar = {"post": Permission.READ}

    @extend_schema(summary="Run a policy's own tests", request=None, responses=shapes.PolicyTestOut)
    @idempotent
    def post(self, request: Request, version_id: UUID) -> Response:
        version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
        return Response(services.run_policy_tests(version=version))


class PolicyCheck(PortalAPIView):
    """POST /llm-ops/v1/governance/policies/check"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Say what there is to say of a document, and save nothing",
        request=shapes.PolicyCheckIn,
        responses=shapes.PolicyCheckOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        check = services.check_policy(actor=request.user, **self.given(shapes.PolicyCheckIn, request))
        return Response(check.as_dict())


class PolicyReplay(PortalAPIView):
    """POST /llm-ops/v1/governance/policies/{policyId}/replay"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Ask a policy what it would have answered on past decisions",
        request=shapes.ReplayIn,
        responses=shapes.ReplayOut,
    )
    @idempotent
    def post(self, request: Request, version_id: UUID) -> Response:
        version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
        last = self.given(shapes.ReplayIn, request)["last"]
        return Response(services.replay_policy(actor=request.user, version=version, last=last))


class PolicySubmit(PortalAPIView):
    """POST /llm-ops/v1/governance/policies/{policyId}/submit"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Ask that a draft be put in force",
        request=shapes.PolicySubmitIn,
        responses=approvals.ApprovalRequestOut,
    )
    @idempotent
    def post(self, request: Request, version_id: UUID) -> Response:
        version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
        reason = self.given(shapes.PolicySubmitIn, request)["reason"]
        asked = services.submit_policy(actor=request.user, version=version, reason=reason)
        return Response(approvals.ApprovalRequestOut(asked).data)
