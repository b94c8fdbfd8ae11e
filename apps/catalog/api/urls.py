"""Addresses of the API of the catalog, below /llm-ops/v1/."""

from django.urls import path

from apps.catalog.api import views

urlpatterns = [
    path("catalog/models", views.Models.as_view()),
    path("catalog/models/<uuid:model_id>", views.Model.as_view()),
    path("catalog/models/<uuid:model_id>/upload", views.ModelUpload.as_view()),
    path("catalog/models/<uuid:model_id>/files", views.ModelFiles.as_view()),
    path("catalog/models/<uuid:model_id>/files/<path:path>", views.ModelFile.as_view()),
    path("catalog/models/<uuid:model_id>/status", views.ModelStatusView.as_view()),
    path("catalog/models/<uuid:model_id>/versions", views.ModelVersions.as_view()),
    path("catalog/models/<uuid:model_id>/versions/<str:version>/approve", views.ModelVersionApprove.as_view()),
    path("catalog/models/<uuid:model_id>/versions/<str:a>/compare/<str:b>", views.ModelCompare.as_view()),
    path("catalog/models/<uuid:model_id>/lineage", views.ModelLineage.as_view()),
    path("catalog/models/<uuid:model_id>/card", views.ModelCard.as_view()),
]
