"""Addresses of signing in and out, of one's own account and keys, of teams, and of grants."""

from django.contrib.auth import views as auth
from django.urls import path, reverse_lazy

from apps.accounts.web import access, account, keys, team
from apps.core.doors import PUBLIC, SIGNED_IN
from apps.core.web.pages import needs

app_name = "accounts"
urlpatterns = [
    path("sign-in/", needs(PUBLIC, post=PUBLIC)(auth.LoginView.as_view()), name="sign_in"),
    path("sign-out/", needs(post=PUBLIC)(auth.LogoutView.as_view()), name="sign_out"),
    path(
        "password/",
        needs(SIGNED_IN, post=SIGNED_IN)(
            account.PasswordChange.as_view(success_url=reverse_lazy("accounts:password_change_done"))
        ),
        name="password_change",
    ),
    path("password/done/", needs(SIGNED_IN)(auth.PasswordChangeDoneView.as_view()), name="password_change_done"),
    path("", account.account, name="account"),
    path("keys/", keys.keys, name="keys"),
    path("keys/<uuid:key_id>/rotate", keys.rotate_key, name="rotate_key"),
    path("keys/<uuid:key_id>/revoke", keys.revoke_key, name="revoke_key"),
    path("teams/<slug:slug>/", team.team, name="team"),
    path("teams/<slug:slug>/roles", team.give_role, name="give_role"),
    path("teams/<slug:slug>/roles/<uuid:role_id>/take", team.take_role, name="take_role"),
    path("teams/<slug:slug>/projects", team.create_project, name="create_project"),
    path("teams/<slug:slug>/accounts", team.create_account, name="create_account"),
    path("teams/<slug:slug>/accounts/<uuid:account_id>/<slug:verb>", team.switch_account, name="switch_account"),
    path("teams/<slug:slug>/keys", team.create_key, name="create_key"),
    path("grants/<slug:kind>/<uuid:object_id>/", access.grant, name="grant"),
    path("grants/<slug:kind>/<uuid:object_id>/<int:grant_id>/revoke", access.revoke, name="revoke_grant"),
]
