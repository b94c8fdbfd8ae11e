"""Addresses of the API of portal, below /llm-ops/v1/."""

from django.urls import path

from apps.portal.api import views

urlpatterns = [path("serve/requests/<str:request_id>/provenance", views.RequestProvenance.as_view())]
