"""Addresses of the API of gateway, below /llm-ops/v1/."""

from django.urls import path

from apps.gateway.api import views

urlpatterns = [
    path("serve/<str:route_name>/chat", views.Chat.as_view()),
    path("proxy/completion", views.Completion.as_view()),
    path("proxy/completion/stream", views.CompletionStream.as_view()),
]
