"""Addresses of the API of governance, below /llm-ops/v1/."""

from django.urls import path

from apps.governance.api import access, approvals, audit, batches, delegations, emergencies, policies, waivers

urlpatterns = [
    path("governance/approvals", approvals.Requests.as_view()),
    path("governance/approvals/<uuid:request_id>", approvals.RequestDetail.as_view()),
    path("governance/approvals/<uuid:request_id>/approve", approvals.Approve.as_view()),
    path("governance/approvals/<uuid:request_id>/reject", approvals.Reject.as_view()),
    path("governance/approvals/<uuid:request_id>/withdraw", approvals.Withdraw.as_view()),
    path("governance/approvals/<uuid:request_id>/execute", approvals.Execute.as_view()),
    path("governance/approvals/batches", batches.Batches.as_view()),
    path("governance/approvals/batches/<uuid:batch_id>", batches.Batch.as_view()),
    path("governance/approvals/batches/<uuid:batch_id>/approve", batches.ApproveBatch.as_view()),
    path("governance/approvals/batches/<uuid:batch_id>/reject", batches.RejectBatch.as_view()),
    path("governance/approvals/batches/<uuid:batch_id>/withdraw", batches.WithdrawBatch.as_view()),
    path("governance/delegations", delegations.Delegations.as_view()),
    path("governance/delegations/<uuid:delegation_id>", delegations.Delegation.as_view()),
    path("governance/emergencies", emergencies.Emergencies.as_view()),
    path("governance/emergencies/<uuid:emergency_id>", emergencies.Emergency.as_view()),
    path("governance/emergencies/<uuid:emergency_id>/review", emergencies.ReviewEmergency.as_view()),
    path("governance/access-kinds", access.AccessKinds.as_view()),
    path("governance/access-requests", access.AccessRequests.as_view()),
    path("governance/access-requests/<uuid:request_id>", access.AccessRequestDetail.as_view()),
    path("governance/access-requests/<uuid:request_id>/withdraw", access.WithdrawAccess.as_view()),
    path("governance/access-requests/<uuid:request_id>/collect", access.CollectKey.as_view()),
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
