"""Addresses of the pages of the gateway."""

from django.urls import path

from apps.gateway.web import views

app_name = "gateway"
urlpatterns = [path("<slug:route_name>/", views.chat, name="chat")]
