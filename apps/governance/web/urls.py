"""Addresses of the pages of governance."""

from django.urls import path

from apps.governance.web import access, approvals, audit, batches, delegations, editor, emergencies, policies, waivers

app_name = "governance"
urlpatterns = [
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:request_id>/", approvals.approval, name="request"),
    path("approvals/<uuid:request_id>/approve", approvals.approve, name="approve"),
    path("approvals/<uuid:request_id>/reject", approvals.reject, name="reject"),
    path("approvals/<uuid:request_id>/withdraw", approvals.withdraw, name="withdraw"),
    path("approvals/<uuid:request_id>/execute", approvals.execute, name="execute"),
    path("approvals/<uuid:request_id>/break-glass", approvals.break_glass, name="break_glass"),
    path("approvals/batches/<uuid:batch_id>/", batches.batch, name="batch"),
    path("approvals/batches/<uuid:batch_id>/approve", batches.approve, name="approve_batch"),
    path("approvals/batches/<uuid:batch_id>/reject", batches.reject, name="reject_batch"),
    path("approvals/batches/<uuid:batch_id>/withdraw", batches.withdraw, name="withdraw_batch"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/<uuid:delegation_id>/revoke", delegations.revoke, name="revoke_delegation"),
    path("emergencies/", emergencies.emergencies, name="emergencies"),
    path("emergencies/<uuid:emergency_id>/", emergencies.emergency, name="emergency"),
    path("access/", access.access_requests, name="access_requests"),
    path("access/mine", access.own_access_requests, name="own_access_requests"),
    path("access/ask/<slug:kind>", access.ask, name="ask"),
    path("access/<uuid:request_id>/", access.access_request, name="access_request"),
    path("access/<uuid:request_id>/withdraw", access.withdraw, name="withdraw_access"),
    path("access/<uuid:request_id>/collect", access.collect, name="collect_key"),
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
