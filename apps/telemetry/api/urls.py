"""Addresses of the API of telemetry, below /llm-ops/v1/."""

from django.urls import path

from apps.telemetry.api import views

urlpatterns = [
    path("serve/requests", views.Requests.as_view()),
    path("serve/requests/<str:request_id>", views.RequestDetail.as_view()),
]
