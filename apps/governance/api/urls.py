"""Addresses of the API of governance, below /llm-ops/v1/."""

from django.urls import path

from apps.governance.api import views

urlpatterns = [
    path("governance/approvals", views.Requests.as_view()),
    path("governance/approvals/<uuid:request_id>", views.RequestDetail.as_view()),
    path("governance/approvals/<uuid:request_id>/approve", views.Approve.as_view()),
    path("governance/approvals/<uuid:request_id>/reject", views.Reject.as_view()),
    path("governance/approvals/<uuid:request_id>/withdraw", views.Withdraw.as_view()),
    path("governance/decisions", views.Decisions.as_view()),
    path("governance/audit/logs", views.AuditLog.as_view()),
    path("governance/policies", views.Policies.as_view()),
    path("governance/policies/<uuid:version_id>", views.PolicyDetail.as_view()),
    path("governance/policies/<uuid:version_id>/test", views.PolicyTest.as_view()),
]
