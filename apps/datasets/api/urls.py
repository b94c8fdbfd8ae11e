"""Addresses of the API of datasets, below /llm-ops/v1/."""

from django.urls import path

from apps.datasets.api import views

urlpatterns = [
    path("catalog/datasets", views.Datasets.as_view()),
    path("catalog/datasets/<uuid:dataset_id>", views.Dataset.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/upload", views.DatasetUpload.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/file", views.DatasetFile.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/preview", views.DatasetPreview.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/validation", views.DatasetValidation.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/clean", views.DatasetClean.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/status", views.DatasetStatusView.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/versions", views.DatasetVersions.as_view()),
    path(
        "catalog/datasets/<uuid:dataset_id>/versions/<str:version1>/compare/<str:version2>",
        views.DatasetCompare.as_view(),
    ),
    path("catalog/datasets/<uuid:dataset_id>/lineage", views.DatasetLineage.as_view()),
    path("catalog/datasets/<uuid:dataset_id>/card", views.DatasetCard.as_view()),
]
