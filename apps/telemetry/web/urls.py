"""Addresses of the pages of telemetry."""

from django.urls import path

from apps.telemetry.web import views

app_name = "telemetry"
urlpatterns = [
    path("", views.requests, name="requests"),
    path("<uuid:request_id>/", views.request_detail, name="request"),
]
