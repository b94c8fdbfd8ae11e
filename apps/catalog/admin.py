"""The catalog in the Django admin: to look at. Its rows are written by its services alone."""

from django.contrib import admin

from apps.catalog.models import ModelFile, ModelVersion, ModelVersionGrant
from apps.core.admin import ReadOnlyAdmin


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "version", "type", "model_family", "status", "owner_team", "created_at")
    list_filter = ("status", "type", "model_family")
    list_select_related = ("owner_team",)
    search_fields = ("name", "version")


@admin.register(ModelFile)
class ModelFileAdmin(ReadOnlyAdmin):
    list_display = ("path", "model_version", "kind", "size_bytes", "sha256", "uploaded_by")
    list_filter = ("kind",)
    list_select_related = ("model_version", "uploaded_by")


@admin.register(ModelVersionGrant)
class ModelVersionGrantAdmin(ReadOnlyAdmin):
    list_display = ("content_object", "user", "permission", "effect", "expires_at")
    list_select_related = ("content_object", "user", "permission")
