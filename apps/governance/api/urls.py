"""Addresses of the API of governance, below /llm-ops/v1/."""

from django.urls import path

from apps.governance.api import approvals, audit, policies

urlpatterns = [
    path("governance/approvals", approvals.Requests.as_view()),
    path("governance/approvals/<uuid:request_id>", approvals.RequestDetail.as_view()),
    path("governance/approvals/<uuid:request_id>/approve", approvals.Approve.as_view()),
    path("governance/approvals/<uuid:request_id>/reject", approvals.Reject.as_view()),
    path("governance/approvals/<uuid:request_id>/withdraw", approvals.Withdraw.as_view()),
    path("governance/decisions", policies.Decisions.as_view()),
    path("governance/audit/logs", audit.AuditLog.as_view()),
    path("governance/audit/export", audit.AuditExport.as_view()),
    path("governance/audit/proof/<uuid:event_id>", audit.AuditProof.as_view()),
    path("governance/audit/checkpoint", audit.AuditCheckpointView.as_view()),
    path("governance/audit/consistency", audit.AuditConsistency.as_view()),
    path("governance/audit/verifier", audit.AuditVerifier.as_view()),
    path("governance/policies", policies.Policies.as_view()),
    path("governance/policies/<uuid:version_id>", policies.PolicyDetail.as_view()),
    path("governance/policies/<uuid:version_id>/test", policies.PolicyTest.as_view()),
]
