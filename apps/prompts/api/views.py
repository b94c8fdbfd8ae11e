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
from apps.core.api.renderer import with_message
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.prompts import selectors, services
from apps.prompts.api import serializers as shapes
from apps.prompts.models import PromptTemplate
from apps.prompts.rendering import render_messages

ASKED = "Policies want approvals for this, so it was asked for. The label stays where it is before they are given."


def _template(actor: User, template_id: UUID) -> PromptTemplate:
    return get_object_or_404(selectors.visible_templates(actor=actor), pk=template_id)


def _detail(actor: User, template_id: UUID) -> Response:
    templates = selectors.visible_templates(actor=actor).prefetch_related("versions__created_by", "labels__version")
    return Response(shapes.PromptTemplateDetailOut(get_object_or_404(templates, pk=template_id)).data)


def _moved(moved: services.Moved) -> Response:
    """Answer with a change of a label, and whether it is made or was asked for."""
    waits_for = moved.request.pk if moved.request else None
    answer = shapes.LabelChangeOut(moved.change).data | {"request_id": waits_for}
    return with_message(Response(answer), ASKED if waits_for else "")


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


class Label(PortalAPIView):
    """PUT, DELETE /llm-ops/v1/prompts/templates/{templateId}/labels/{label}"""

    permissions: ClassVar = {"put": Permission.EDIT, "delete": Permission.EDIT}

    @extend_schema(
        summary="Have a label point to a version, or ask for it",
        request=shapes.LabelMoveIn,
        responses=shapes.LabelChangeOut,
        description="Where policies want approvals, the change waits for its request and the label stays where it is.",
    )
    def put(self, request: Request, template_id: UUID, label: str) -> Response:
        template, given = _template(request.user, template_id), self.given(shapes.LabelMoveIn, request)
        return _moved(services.move_label(actor=request.user, template=template, name=label, **given))

    @extend_schema(
        summary="Take a label off, or ask for it", parameters=[shapes.LabelRemoval], responses=shapes.LabelChangeOut
    )
    def delete(self, request: Request, template_id: UUID, label: str) -> Response:
        template, given = _template(request.user, template_id), self.given_query(shapes.LabelRemoval, request)
        return _moved(services.take_label_off(actor=request.user, template=template, name=label, **given))


class Render(PortalAPIView):
    """POST /llm-ops/v1/prompts/templates/{templateId}/render"""

    permissions: ClassVar = {"post": Permission.READ}

    @extend_schema(
        summary="Render a version with variables", request=shapes.PromptRenderIn, responses=shapes.PromptRenderOut
    )
    @idempotent
    def post(self, request: Request, template_id: UUID) -> Response:
        given = self.given(shapes.PromptRenderIn, request)
        template = _template(request.user, template_id)
        version = selectors.version_asked_for(template, number=given["version"], label=given["label"])
        messages = render_messages(version.system, version.user, given["variables"])
        return Response({"version": version.number, "digest": version.digest, "messages": messages})
