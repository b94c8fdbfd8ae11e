"""Addresses of the API of evaluation, below /llm-ops/v1/."""

from django.urls import path

from apps.evaluation.api import views

urlpatterns = [
    path("evaluation/runs", views.Runs.as_view()),
    path("evaluation/runs/compare", views.Compare.as_view()),
    path("evaluation/runs/<uuid:run_id>", views.RunDetail.as_view()),
    path("evaluation/runs/<uuid:run_id>/samples", views.RunSamples.as_view()),
    path("evaluation/runs/<uuid:run_id>/export", views.Export.as_view()),
    path("evaluation/runs/<uuid:run_id>/campaigns", views.Campaigns.as_view()),
    path("evaluation/runs/<uuid:run_id>/human-review", views.HumanReview.as_view()),
    path("evaluation/queue", views.Queue.as_view()),
    path("evaluation/queue/claim", views.Claim.as_view()),
    path("evaluation/queue/tasks/<uuid:task_id>/release", views.Release.as_view()),
]
