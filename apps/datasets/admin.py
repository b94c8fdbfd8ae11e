"""Datasets in the Django admin: to look at. Their rows are written by their services alone."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.datasets.models import DatasetVersion, DatasetVersionGrant, ValidationReport


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "version", "type", "status", "pii_status", "quality_score", "row_count", "owner_team")
    list_filter = ("status", "type", "pii_status")
    list_select_related = ("owner_team",)
    search_fields = ("name", "version")


@admin.register(ValidationReport)
class ValidationReportAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "dataset", "rows", "sha256")
    list_select_related = ("dataset",)


@admin.register(DatasetVersionGrant)
class DatasetVersionGrantAdmin(ReadOnlyAdmin):
    list_display = ("content_object", "user", "permission", "effect", "expires_at")
    list_select_related = ("content_object", "user", "permission")
