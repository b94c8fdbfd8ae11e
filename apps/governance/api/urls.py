"""Addresses of the API of governance, below /llm-ops/v1/."""

from django.urls import path

from apps.governance.api import approvals, audit, notices, policies, webhooks

urlpatterns = [
    path("governance/approvals", approvals.Requests.as_view()),
    path("governance/approvals/<uuid:request_id>", approvals.RequestDetail.as_view()),
    path("governance/approvals/<uuid:request_id>/approve", approvals.Approve.as_view()),
    path("governance/approvals/<uuid:request_id>/reject", approvals.Reject.as_view()),
    path("governance/approvals/<uuid:request_id>/withdraw", approvals.Withdraw.as_view()),
    path("governance/decisions", policies.Decisions.as_view()),
    path("governance/audit/logs", audit.AuditLog.as_view()),
    path("governance/policies", policies.Policies.as_view()),
    path("governance/policies/<uuid:version_id>", policies.PolicyDetail.as_view()),
    path("governance/policies/<uuid:version_id>/test", policies.PolicyTest.as_view()),
    path("governance/webhooks", webhooks.Webhooks.as_view()),
    path("governance/webhooks/<uuid:webhook_id>", webhooks.WebhookDetail.as_view()),
    path("governance/webhooks/<uuid:webhook_id>/rotate-secret", webhooks.RotateSecret.as_view()),
    path("governance/webhooks/<uuid:webhook_id>/ping", webhooks.Ping.as_view()),
    path("governance/webhooks/<uuid:webhook_id>/replay", webhooks.Replay.as_view()),
    path("governance/webhooks/<uuid:webhook_id>/deliveries", webhooks.Deliveries.as_view()),
    path(
        "governance/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
        webhooks.ReplayDelivery.as_view(),
    ),
    path("governance/notices", notices.Notices.as_view()),
    path("governance/notices/read-all", notices.ReadAllNotices.as_view()),
    path("governance/notices/preference", notices.Preference.as_view()),
    path("governance/notices/<uuid:notice_id>/read", notices.ReadNotice.as_view()),
]
