"""Addresses of the pages of governance."""

from django.urls import path

from apps.governance.web import access, approvals, audit, policies

app_name = "governance"
urlpatterns = [
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:request_id>/", approvals.approval, name="request"),
    path("approvals/<uuid:request_id>/approve", approvals.approve, name="approve"),
    path("approvals/<uuid:request_id>/reject", approvals.reject, name="reject"),
    path("approvals/<uuid:request_id>/withdraw", approvals.withdraw, name="withdraw"),
    path("access/", access.access_requests, name="access_requests"),
    path("access/mine", access.own_access_requests, name="own_access_requests"),
    path("access/ask/<slug:kind>", access.ask, name="ask"),
    path("access/<uuid:request_id>/", access.access_request, name="access_request"),
    path("access/<uuid:request_id>/withdraw", access.withdraw, name="withdraw_access"),
    path("access/<uuid:request_id>/collect", access.collect, name="collect_key"),
    path("decisions/", policies.decisions, name="decisions"),
    path("decisions/<uuid:decision_id>/", policies.decision, name="decision"),
    path("policies/", policies.policies, name="policies"),
    path("policies/<uuid:version_id>/", policies.policy, name="policy"),
    path("policies/<uuid:version_id>/submit", policies.submit_policy, name="submit_policy"),
    path("audit/", audit.audit, name="audit"),
]
