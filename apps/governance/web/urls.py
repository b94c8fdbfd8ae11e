"""Addresses of the pages of governance."""

from django.urls import path

from apps.governance.web import views

app_name = "governance"
urlpatterns = [
    path("approvals/", views.approvals, name="approvals"),
    path("approvals/<uuid:request_id>/", views.approval, name="request"),
    path("approvals/<uuid:request_id>/approve", views.approve, name="approve"),
    path("approvals/<uuid:request_id>/reject", views.reject, name="reject"),
    path("approvals/<uuid:request_id>/withdraw", views.withdraw, name="withdraw"),
    path("decisions/", views.decisions, name="decisions"),
    path("decisions/<uuid:decision_id>/", views.decision, name="decision"),
    path("policies/", views.policies, name="policies"),
    path("policies/<uuid:version_id>/", views.policy, name="policy"),
    path("policies/<uuid:version_id>/submit", views.submit_policy, name="submit_policy"),
    path("audit/", views.audit, name="audit"),
]
