"""Addresses of the pages of training."""

from django.urls import path

from apps.training.web import views

app_name = "training"
urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("new", views.submit, name="submit"),
    path("<uuid:job_id>", views.job, name="job"),
    path("<uuid:job_id>/status", views.status, name="status"),
    path("<uuid:job_id>/log", views.log, name="log"),
    path("<uuid:job_id>/cancel", views.cancel, name="cancel"),
    path("<uuid:job_id>/retry", views.retry, name="retry"),
]
