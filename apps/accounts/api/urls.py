"""Addresses of the API of accounts, below /llm-ops/v1/."""

from django.urls import path

from apps.accounts.api import access, keys, scopes

urlpatterns = [
    path("accounts/me", scopes.Me.as_view()),
    path("accounts/keys", keys.Keys.as_view()),
    path("accounts/keys/<uuid:key_id>", keys.Key.as_view()),
    path("accounts/keys/<uuid:key_id>/rotate", keys.RotateKey.as_view()),
    path("accounts/teams", scopes.Teams.as_view()),
    path("accounts/teams/<slug:slug>", scopes.TeamDetail.as_view()),
    path("accounts/projects", scopes.Projects.as_view()),
    path("accounts/projects/<uuid:project_id>", scopes.ProjectDetail.as_view()),
    path("accounts/roles", scopes.Roles.as_view()),
    path("accounts/roles/<uuid:role_id>", scopes.RoleDetail.as_view()),
    path("accounts/service-accounts", scopes.ServiceAccounts.as_view()),
    path("accounts/service-accounts/<uuid:account_id>", scopes.ServiceAccountDetail.as_view()),
    path("accounts/access", access.Access.as_view()),
    path("accounts/grants", access.Grants.as_view()),
    path("accounts/grants/<slug:kind>/<int:grant_id>", access.Grant.as_view()),
]
