"""Addresses of the pages of governance."""

from django.urls import path

from apps.governance.web import approvals, audit, policies

app_name = "governance"
urlpatterns = [
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:request_id>/", approvals.approval, name="request"),
    path("approvals/<uuid:request_id>/approve", approvals.approve, name="approve"),
    path("approvals/<uuid:request_id>/reject", approvals.reject, name="reject"),
    path("approvals/<uuid:request_id>/withdraw", approvals.withdraw, name="withdraw"),
    path("decisions/", policies.decisions, name="decisions"),
    path("decisions/<uuid:decision_id>/", policies.decision, name="decision"),
    path("policies/", policies.policies, name="policies"),
    path("policies/<uuid:version_id>/", policies.policy, name="policy"),
    path("policies/<uuid:version_id>/submit", policies.submit_policy, name="submit_policy"),
    path("audit/", audit.audit, name="audit"),
    path("audit/state", audit.audit_state, name="audit_state"),
    path("audit/<uuid:event_id>/", audit.audit_event, name="audit_event"),
    path("audit/<uuid:event_id>/verification", audit.verification, name="audit_verification"),
]
