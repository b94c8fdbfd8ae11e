"""Addresses of the API of accounts, below /llm-ops/v1/."""

from django.urls import path

from apps.accounts.api import views

urlpatterns = [
    path("accounts/me", views.Me.as_view()),
    path("accounts/keys", views.Keys.as_view()),
    path("accounts/keys/<uuid:key_id>", views.Key.as_view()),
]
