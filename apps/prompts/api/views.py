"""Prompt templates and their versions over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.owners import owner_of
from apps.accounts.permissions import Permission
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.prompts import selectors, services
from apps.prompts.api import serializers as shapes
from apps.prompts.models import PromptTemplate
from apps.prompts.rendering import render_messages


def _template(actor: User, template_id: UUID) -> PromptTemplate:
    return get_object_or_404(selectors.visible_templates(actor=actor), pk=template_id)


def _detail(actor: User, template_id: UUID) -> Response:
    templates = selectors.visible_templates(actor=actor).prefetch_related("versions__created_by")
    return Response(shapes.PromptTemplateDetailOut(get_object_or_404(templates, pk=template_id)).data)


class Templates(PortalAPIView):
    """GET, POST /llm-ops/v1/prompts/templates"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(
        summary="Prompt templates",
        parameters=[shapes.PromptTemplateFilter],
        responses=shapes.PromptTemplateOut(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = selectors.filtered_templates(
            actor=request.user, **self.given_query(shapes.PromptTemplateFilter, request)
        )
        return Response(page_of(request, rows, lambda row: shapes.PromptTemplateOut(row).data))

    @extend_schema(
        summary="Create a prompt template with its first version",
        request=shapes.PromptTemplateIn,
        responses=shapes.PromptTemplateDetailOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.PromptTemplateIn, request)
        owner = owner_of(request.user, given)
        template = services.create_template(actor=request.user, **owner, **given)
        return _detail(request.user, template.pk)


class TemplateDetail(PortalAPIView):
    """GET /llm-ops/v1/prompts/templates/{templateId}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="One prompt template with its versions", responses=shapes.PromptTemplateDetailOut)
    def get(self, request: Request, template_id: UUID) -> Response:
        return _detail(request.user, template_id)


class Versions(PortalAPIView):
    """POST /llm-ops/v1/prompts/templates/{templateId}/versions"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(summary="Add a version", request=shapes.PromptTextIn, responses=shapes.PromptVersionOut)
    @idempotent
    def post(self, request: Request, template_id: UUID) -> Response:
        template = _template(request.user, template_id)
        version = services.add_version(
            actor=request.user, template=template, **self.given(shapes.PromptTextIn, request)
        )
        return Response(shapes.PromptVersionOut(version).data)


class Compare(PortalAPIView):
    """GET /llm-ops/v1/prompts/templates/{templateId}/versions/{a}/compare/{b}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="What differs between two versions", responses=shapes.PromptComparisonOut)
    def get(self, request: Request, template_id: UUID, a: int, b: int) -> Response:
        template = _template(request.user, template_id)
        old, new = selectors.version_numbered(template, a), selectors.version_numbered(template, b)
        return Response(shapes.comparison_of(old, new))


class Rollback(PortalAPIView):
    """POST /llm-ops/v1/prompts/templates/{templateId}/rollback"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Add a version that says what an earlier one said",
        request=shapes.PromptRollbackIn,
        responses=shapes.PromptVersionOut,
    )
    @idempotent
    def post(self, request: Request, template_id: UUID) -> Response:
        template = _template(request.user, template_id)
        version = services.rollback_template(
            actor=request.user, template=template, **self.given(shapes.PromptRollbackIn, request)
        )
        return Response(shapes.PromptVersionOut(version).data)


class Render(PortalAPIView):
    """POST /llm-ops/v1/prompts/templates/{templateId}/render"""

    permissions: ClassVar = {"post": Permission.READ}

    @extend_schema(
        summary="Render a version with variables", request=shapes.PromptRenderIn, responses=shapes.PromptRenderOut
    )
    @idempotent
    def post(self, request: Request, template_id: UUID) -> Response:
        given = self.given(shapes.PromptRenderIn, request)
        version = selectors.version_numbered(_template(request.user, template_id), given["version"])
        messages = render_messages(version.system, version.user, given["variables"])
        return Response({"version": version.number, "digest": version.digest, "messages": messages})
