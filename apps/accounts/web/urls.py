"""Addresses of signing in and out, and of one's own keys."""

from django.contrib.auth import views as auth
from django.urls import path, reverse_lazy

from apps.accounts.web import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", auth.LoginView.as_view(), name="sign_in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign_out"),
    path(
        "password/",
        auth.PasswordChangeView.as_view(success_url=reverse_lazy("accounts:password_change_done")),
        name="password_change",
    ),
    path("password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("keys/", views.keys, name="keys"),
    path("keys/<uuid:key_id>/revoke", views.revoke_key, name="revoke_key"),
]
