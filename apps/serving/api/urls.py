"""Addresses of the API of serving, below /llm-ops/v1/."""

from django.urls import path

from apps.serving.api import views

urlpatterns = [
    path("serving/endpoints", views.Endpoints.as_view()),
    path("serving/endpoints/render", views.Render.as_view()),
    path("serving/endpoints/<uuid:endpoint_id>", views.EndpointDetail.as_view()),
    path("serving/endpoints/<uuid:endpoint_id>/rollback", views.Rollback.as_view()),
    path("serving/endpoints/<uuid:endpoint_id>/redeploy", views.Redeploy.as_view()),
    path("serving/endpoints/<uuid:endpoint_id>/promote", views.Promote.as_view()),
    path("serving/endpoints/<uuid:endpoint_id>/pause", views.Pause.as_view()),
]
