"""Approvals, decisions, policies and the audit trail over HTTP."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Team, User
from apps.accounts.selectors import visible_teams
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api import serializers as shapes
from apps.governance.models import ApprovalRequest


def _detail(actor: User, request_id: UUID) -> shapes.ApprovalRequestDetailOut:
    requests = selectors.visible_requests(actor=actor).prefetch_related("approvals__approver")
    return shapes.ApprovalRequestDetailOut(get_object_or_404(requests, pk=request_id))


class Requests(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/approvals"""

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
        return Response(_detail(request.user, asked.pk).data)


class RequestDetail(PortalAPIView):
    """GET /llm-ops/v1/governance/approvals/{id}"""

    @extend_schema(summary="One approval request with its verdicts", responses=shapes.ApprovalRequestDetailOut)
    def get(self, request: Request, request_id: UUID) -> Response:
        return Response(_detail(request.user, request_id).data)


class RequestVerb(PortalAPIView):
    """The base of the three verbs on a request."""

    def asked(self, request: Request, request_id: UUID) -> ApprovalRequest:
        return get_object_or_404(selectors.visible_requests(actor=request.user), pk=request_id)


class Approve(RequestVerb):
    """POST /llm-ops/v1/governance/approvals/{id}/approve"""

    @extend_schema(summary="Approve", request=shapes.ApproveIn, responses=shapes.ApprovalRequestDetailOut)
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        given = self.given(shapes.ApproveIn, request)
        services.approve_request(actor=request.user, request=self.asked(request, request_id), **given)
        return Response(_detail(request.user, request_id).data)


class Reject(RequestVerb):
    """POST /llm-ops/v1/governance/approvals/{id}/reject"""

    @extend_schema(summary="Reject", request=shapes.RejectIn, responses=shapes.ApprovalRequestDetailOut)
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        given = self.given(shapes.RejectIn, request)
        services.reject_request(actor=request.user, request=self.asked(request, request_id), **given)
        return Response(_detail(request.user, request_id).data)


class Withdraw(RequestVerb):
    """POST /llm-ops/v1/governance/approvals/{id}/withdraw"""

    @extend_schema(summary="Withdraw", request=shapes.VerdictIn, responses=shapes.ApprovalRequestDetailOut)
    @idempotent
    def post(self, request: Request, request_id: UUID) -> Response:
        reason = self.given(shapes.VerdictIn, request)["comment"]
        services.withdraw_request(actor=request.user, request=self.asked(request, request_id), reason=reason)
        return Response(_detail(request.user, request_id).data)


class Decisions(PortalAPIView):
    """GET /llm-ops/v1/governance/decisions"""

    @extend_schema(
        summary="What policies decided", parameters=[shapes.DecisionFilter], responses=shapes.DecisionOut(many=True)
    )
    def get(self, request: Request) -> Response:
        asked = {
            name: value for name, value in self.given_query(shapes.DecisionFilter, request).items() if value is not None
        }
        rows = selectors.visible_decisions(actor=request.user).filter(**asked)
        return Response(page_of(request, rows, lambda row: shapes.DecisionOut(row).data))


class AuditLog(PortalAPIView):
    """GET /llm-ops/v1/governance/audit/logs"""

    @extend_schema(
        summary="The audit trail", parameters=[shapes.AuditFilter], responses=shapes.AuditEventOut(many=True)
    )
    def get(self, request: Request) -> Response:
        rows = selectors.filtered_events(actor=request.user, asked=self.given_query(shapes.AuditFilter, request))
        return Response(page_of(request, rows, lambda row: shapes.AuditEventOut(row).data))


class Policies(PortalAPIView):
    """GET, POST /llm-ops/v1/governance/policies"""

    @extend_schema(summary="Policy versions", responses=shapes.PolicyVersionOut(many=True))
    def get(self, request: Request) -> Response:
        rows = selectors.visible_policies(actor=request.user)
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

    @extend_schema(summary="Run a policy's own tests", request=None, responses=shapes.PolicyTestOut)
    @idempotent
    def post(self, request: Request, version_id: UUID) -> Response:
        version = get_object_or_404(selectors.visible_policies(actor=request.user), pk=version_id)
        return Response(services.run_policy_tests(version=version))
