"""Addresses of the pages of datasets."""

from django.urls import path

from apps.datasets.web import views

app_name = "datasets"
urlpatterns = [
    path("", views.datasets, name="datasets"),
    path("new", views.create, name="create"),
    path("<uuid:dataset_id>/", views.dataset, name="dataset"),
    path("<uuid:dataset_id>/edit", views.edit, name="edit"),
    path("<uuid:dataset_id>/file", views.upload, name="upload"),
    path("<uuid:dataset_id>/clean", views.clean, name="clean"),
    path("<uuid:dataset_id>/status", views.set_status, name="status"),
    path("<uuid:dataset_id>/delete", views.delete, name="delete"),
    path("<uuid:dataset_id>/compare", views.compare, name="compare"),
]
