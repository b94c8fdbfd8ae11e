"""Addresses of the pages of knowledge."""

from django.urls import path

from apps.knowledge.web import views

app_name = "knowledge"
urlpatterns = [
    path("", views.collections, name="collections"),
    path("new", views.create, name="create"),
    path("<uuid:collection_id>/", views.collection, name="collection"),
    path("<uuid:collection_id>/delete", views.delete, name="delete"),
    path("<uuid:collection_id>/documents/<uuid:document_id>/remove", views.remove_document, name="remove_document"),
]
