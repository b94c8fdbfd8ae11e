"""Addresses of the pages of serving."""

from django.urls import path

from apps.serving.web import views

app_name = "serving"
urlpatterns = [
    path("", views.endpoints, name="endpoints"),
    path("deploy", views.deploy, name="deploy"),
    path("<uuid:endpoint_id>/", views.endpoint, name="endpoint"),
    path("<uuid:endpoint_id>/live", views.live, name="live"),
    path("<uuid:endpoint_id>/servers/<uuid:server_id>/log", views.log, name="log"),
    path("<uuid:endpoint_id>/redeploy", views.redeploy, name="redeploy"),
    path("<uuid:endpoint_id>/prompt", views.change_prompt, name="prompt"),
    path("<uuid:endpoint_id>/rollback", views.rollback, name="rollback"),
    path("<uuid:endpoint_id>/promote", views.promote, name="promote"),
    path("<uuid:endpoint_id>/pause", views.pause, name="pause"),
    path("<uuid:endpoint_id>/delete", views.delete, name="delete"),
]
