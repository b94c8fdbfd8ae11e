"""Addresses of the pages of governance."""

from django.urls import path

from apps.governance.web import approvals, audit, notices, policies, webhooks

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
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/new/", webhooks.create, name="new_webhook"),
    path("webhooks/<uuid:webhook_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<uuid:webhook_id>/switch", webhooks.switch, name="switch_webhook"),
    path("webhooks/<uuid:webhook_id>/rotate-secret", webhooks.rotate_secret, name="rotate_webhook_secret"),
    path("webhooks/<uuid:webhook_id>/ping", webhooks.ping, name="ping_webhook"),
    path("webhooks/<uuid:webhook_id>/delete", webhooks.delete, name="delete_webhook"),
    path("webhooks/<uuid:webhook_id>/replay", webhooks.replay, name="replay_webhook"),
    path("webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/", webhooks.delivery, name="delivery"),
    path(
        "webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
        webhooks.replay_delivery,
        name="replay_delivery",
    ),
    path("notices/", notices.notices, name="notices"),
    path("notices/read-all", notices.read_all, name="read_all_notices"),
    path("notices/preference", notices.preference, name="notice_preference"),
    path("notices/<uuid:notice_id>/open", notices.open_notice, name="open_notice"),
]
