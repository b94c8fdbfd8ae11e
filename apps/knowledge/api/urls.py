"""Addresses of the API of knowledge, below /llm-ops/v1/."""

from django.urls import path

from apps.knowledge.api import views

urlpatterns = [
    path("knowledge/collections", views.Collections.as_view()),
    path("knowledge/collections/<uuid:collection_id>", views.CollectionDetail.as_view()),
    path("knowledge/collections/<uuid:collection_id>/documents", views.Documents.as_view()),
    path("knowledge/collections/<uuid:collection_id>/documents/<uuid:document_id>", views.DocumentDetail.as_view()),
    path("knowledge/collections/<uuid:collection_id>/search", views.Search.as_view()),
]
