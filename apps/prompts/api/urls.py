"""Addresses of the API of prompts, below /llm-ops/v1/."""

from django.urls import path

from apps.prompts.api import views

urlpatterns = [
    path("prompts/templates", views.Templates.as_view()),
    path("prompts/templates/<uuid:template_id>", views.TemplateDetail.as_view()),
    path("prompts/templates/<uuid:template_id>/versions", views.Versions.as_view()),
    path("prompts/templates/<uuid:template_id>/versions/<int:a>/compare/<int:b>", views.Compare.as_view()),
    path("prompts/templates/<uuid:template_id>/labels/<slug:label>", views.Label.as_view()),
    path("prompts/templates/<uuid:template_id>/rollback", views.Rollback.as_view()),
    path("prompts/templates/<uuid:template_id>/render", views.Render.as_view()),
]
