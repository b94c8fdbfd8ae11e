"""Addresses of the pages of the catalog."""

from django.urls import path

from apps.catalog.web import views

app_name = "catalog"
urlpatterns = [
    path("", views.models, name="models"),
    path("new", views.create, name="create"),
    path("<uuid:model_id>/", views.model, name="model"),
    path("<uuid:model_id>/edit", views.edit, name="edit"),
    path("<uuid:model_id>/status", views.set_status, name="status"),
    path("<uuid:model_id>/delete", views.delete, name="delete"),
    path("<uuid:model_id>/compare", views.compare, name="compare"),
    path("<uuid:model_id>/files", views.upload, name="upload"),
    path("<uuid:model_id>/files/<path:path>/remove", views.remove_file, name="remove_file"),
]
