"""Addresses of the pages of governance."""

from django.urls import path

from apps.governance.web import approvals, audit, editor, policies, waivers

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
    path("policies/new", editor.new_policy, name="new_policy"),
    path("policies/check", editor.check_policy, name="check_policy"),
    path("policies/<uuid:version_id>/", policies.policy, name="policy"),
    path("policies/<uuid:version_id>/edit", editor.edit_policy, name="edit_policy"),
    path("policies/<uuid:version_id>/replay", policies.replay_policy, name="replay_policy"),
    path("policies/<uuid:version_id>/submit", policies.submit_policy, name="submit_policy"),
    path("waivers/", waivers.waivers, name="waivers"),
    path("waivers/new", waivers.new_waiver, name="new_waiver"),
    path("waivers/<uuid:waiver_id>/", waivers.waiver, name="waiver"),
    path("waivers/<uuid:waiver_id>/submit", waivers.submit_waiver, name="submit_waiver"),
    path("waivers/<uuid:waiver_id>/revoke", waivers.revoke_waiver, name="revoke_waiver"),
    path("audit/", audit.audit, name="audit"),
]
