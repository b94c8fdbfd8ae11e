"""Serving in the Django admin: to look at. What is deployed is changed through its pages and the API."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.serving.models import Endpoint, EndpointEvent, EndpointGrant, EndpointRevision, Server


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    list_display = ("route_name", "environment", "status", "wanted", "owner_team", "revision", "healthy_since")
    list_filter = ("environment", "status", "backend")
    list_select_related = ("owner_team", "revision__endpoint")
    search_fields = ("route_name",)


@admin.register(EndpointRevision)
class EndpointRevisionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "cause", "status", "model_version", "prompt_version", "created_by", "created_at")
    list_filter = ("cause", "status")
    list_select_related = ("endpoint", "model_version", "prompt_version__template", "created_by")
    search_fields = ("endpoint__route_name",)


@admin.register(Server)
class ServerAdmin(ReadOnlyAdmin):
    list_display = ("external_name", "endpoint", "status", "reason", "created_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("endpoint",)


@admin.register(EndpointEvent)
class EndpointEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "endpoint", "kind", "message")
    list_select_related = ("endpoint",)


@admin.register(EndpointGrant)
class EndpointGrantAdmin(ReadOnlyAdmin):
    list_display = ("content_object", "user", "permission", "effect", "expires_at")
    list_select_related = ("content_object", "user", "permission__content_type")
