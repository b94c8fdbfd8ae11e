"""Addresses of the API of training, below /llm-ops/v1/."""

from django.urls import path

from apps.training.api import views

urlpatterns = [
    path("training/jobs", views.Jobs.as_view()),
    path("training/jobs/validate", views.Validate.as_view()),
    path("training/jobs/render", views.Render.as_view()),
    path("training/jobs/<uuid:job_id>", views.JobDetail.as_view()),
    path("training/jobs/<uuid:job_id>/logs", views.JobLogs.as_view()),
    path("training/jobs/<uuid:job_id>/retry", views.JobRetry.as_view()),
]
