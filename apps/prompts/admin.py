"""Prompts in the Django admin: to look at. They are written through their pages and the API."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.prompts.models import LabelChange, PromptLabel, PromptTemplate, PromptVersion


@admin.register(PromptTemplate)
class PromptTemplateAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner_team", "created_by", "created_at")
    list_filter = ("owner_team",)
    list_select_related = ("owner_team", "created_by")
    search_fields = ("name", "description")


@admin.register(PromptVersion)
class PromptVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "variables", "digest", "created_by", "created_at")
    list_select_related = ("template", "created_by")
    search_fields = ("template__name",)


@admin.register(PromptLabel)
class PromptLabelAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "version", "moved_at")
    list_select_related = ("template", "version__template")
    search_fields = ("name", "template__name")


@admin.register(LabelChange)
class LabelChangeAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "status", "created_by", "created_at")
    list_select_related = ("template", "to_version", "created_by")
    list_filter = ("status",)
