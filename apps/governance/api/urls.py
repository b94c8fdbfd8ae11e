"""Addresses of the API of governance, below /llm-ops/v1/."""

from django.urls import path

from apps.governance.api import approvals, audit, policies, waivers

urlpatterns = [
    path("governance/approvals", approvals.Requests.as_view()),
    path("governance/approvals/<uuid:request_id>", approvals.RequestDetail.as_view()),
    path("governance/approvals/<uuid:request_id>/approve", approvals.Approve.as_view()),
    path("governance/approvals/<uuid:request_id>/reject", approvals.Reject.as_view()),
    path("governance/approvals/<uuid:request_id>/withdraw", approvals.Withdraw.as_view()),
    path("governance/decisions", policies.Decisions.as_view()),
    path("governance/decisions/<uuid:decision_id>", policies.DecisionDetail.as_view()),
    path("governance/facts", policies.Facts.as_view()),
    path("governance/audit/logs", audit.AuditLog.as_view()),
    path("governance/policies", policies.Policies.as_view()),
    path("governance/policies/check", policies.PolicyCheck.as_view()),
    path("governance/policies/<uuid:version_id>", policies.PolicyDetail.as_view()),
    path("governance/policies/<uuid:version_id>/test", policies.PolicyTest.as_view()),
    path("governance/policies/<uuid:version_id>/replay", policies.PolicyReplay.as_view()),
    path("governance/policies/<uuid:version_id>/submit", policies.PolicySubmit.as_view()),
    path("governance/waivers", waivers.Waivers.as_view()),
    path("governance/waivers/<uuid:waiver_id>", waivers.WaiverDetail.as_view()),
    path("governance/waivers/<uuid:waiver_id>/submit", waivers.SubmitWaiver.as_view()),
    path("governance/waivers/<uuid:waiver_id>/revoke", waivers.RevokeWaiver.as_view()),
]
