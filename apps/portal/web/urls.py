"""Addresses of the pages that span the apps, and of what watches the portal."""

from django.urls import path

from apps.portal.web import design, health, views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("search/", views.search, name="search"),
    path("provenance/<uuid:request_id>/", views.provenance, name="provenance"),
    path("design/", design.design, name="design"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
