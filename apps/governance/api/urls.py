"""Addresses of the API of governance, below /llm-ops/v1/."""

from django.urls import path

from apps.governance.api import access, approvals, audit, policies

urlpatterns = [
    path("governance/approvals", approvals.Requests.as_view()),
    path("governance/approvals/<uuid:request_id>", approvals.RequestDetail.as_view()),
    path("governance/approvals/<uuid:request_id>/approve", approvals.Approve.as_view()),
    path("governance/approvals/<uuid:request_id>/reject", approvals.Reject.as_view()),
    path("governance/approvals/<uuid:request_id>/withdraw", approvals.Withdraw.as_view()),
    path("governance/access-kinds", access.AccessKinds.as_view()),
    path("governance/access-requests", access.AccessRequests.as_view()),
    path("governance/access-requests/<uuid:request_id>", access.AccessRequestDetail.as_view()),
    path("governance/access-requests/<uuid:request_id>/withdraw", access.WithdrawAccess.as_view()),
    path("governance/access-requests/<uuid:request_id>/collect", access.CollectKey.as_view()),
    path("governance/decisions", policies.Decisions.as_view()),
    path("governance/audit/logs", audit.AuditLog.as_view()),
    path("governance/policies", policies.Policies.as_view()),
    path("governance/policies/<uuid:version_id>", policies.PolicyDetail.as_view()),
    path("governance/policies/<uuid:version_id>/test", policies.PolicyTest.as_view()),
]
