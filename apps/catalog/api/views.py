"""Model versions over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.owners import owner_of
from apps.accounts.permissions import Permission
from apps.catalog import selectors, services
from apps.catalog.api import serializers as shapes
from apps.catalog.card import card_of
from apps.catalog.models import ModelVersion
from apps.core.api.downloads import DownloadView, blob_response
from apps.core.api.pages import page_of
from apps.core.api.uploads import UploadView
from apps.core.api.views import PortalAPIView
from apps.core.doors import OWN
from apps.core.idempotency import idempotent
from apps.core.uploads import received_files
from apps.governance.lineage import lineage_of
from apps.governance.selectors import requests_about
from apps.governance.shapes import LineageOut, RequestAboutOut


def found_model(actor: User, model_id: UUID) -> ModelVersion:
    """Return a version that `actor` may see, or answer 404."""
    return get_object_or_404(selectors.visible_models(actor=actor), pk=model_id)


def detail(actor: User, model: ModelVersion) -> dict[str, Any]:
    """Return everything that is known of one version."""
    return {
        **shapes.ModelOut(model).data,
        "files": shapes.ModelFileOut(selectors.files_of(model), many=True).data,
        "approvals": RequestAboutOut(requests_about(model), many=True).data,
        "evidence": selectors.evidence_about(model),
        "lineage": lineage_of(actor=actor, subject=model).as_dict(),
        "card": card_of(model).markdown,
    }


class Models(PortalAPIView):
    """GET, POST /llm-ops/v1/catalog/models"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(
        operation_id="catalog_models_list",
        summary="Model versions",
        parameters=[shapes.ModelFilterIn],
        responses=shapes.ModelOut(many=True),
    )
    def get(self, request: Request) -> Response:
        asked: Any = self.given_query(shapes.ModelFilterIn, request)
        rows = selectors.filtered_models(actor=request.user, asked=asked)
        return Response(page_of(request, rows, lambda row: shapes.ModelOut(row).data))

    @extend_schema(summary="Register a model version", request=shapes.ModelIn, responses=shapes.ModelOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.ModelIn, request)
        owner = owner_of(request.user, given)
        base = given.pop("base_model", None)
        base_model = found_model(request.user, base) if base else None
        made = services.create_model(actor=request.user, **owner, base_model=base_model, **given)
        return self.answer(shapes.ModelOut(made).data, f"'{made}' is registered as a draft.")


class Model(PortalAPIView):
    """GET, PATCH, DELETE /llm-ops/v1/catalog/models/{modelId}"""

    permissions: ClassVar = {"get": Permission.READ, "patch": Permission.EDIT, "delete": Permission.EDIT}

    @extend_schema(
        summary="One model version with files, evidence, approvals and lineage", responses=shapes.ModelDetailOut
    )
    def get(self, request: Request, model_id: UUID) -> Response:
        return Response(detail(request.user, found_model(request.user, model_id)))

    @extend_schema(
        summary="Change what a version says, as its state allows", request=shapes.ModelPatch, responses=shapes.ModelOut
    )
    def patch(self, request: Request, model_id: UUID) -> Response:
        model = found_model(request.user, model_id)
        changes = self.given(shapes.ModelPatch, request)
        if base := changes.get("base_model"):
            changes["base_model"] = found_model(request.user, base)
        changed = services.edit_model(actor=request.user, model=model, changes=changes)
        return Response(shapes.ModelOut(changed).data)

    @extend_schema(summary="Delete a draft that nothing needs", responses={200: OpenApiTypes.NONE})
    def delete(self, request: Request, model_id: UUID) -> Response:
        model = found_model(request.user, model_id)
        services.delete_model(actor=request.user, model=model)
        return self.answer(None, f"'{model}' is deleted.")


class ModelUpload(UploadView):
    """POST /llm-ops/v1/catalog/models/{modelId}/upload"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Add files to a version: all of them or none",
        description="Each part's field name is the file's path in the model, such as `adapter/adapter_config.json`; "
        "parts named `files` take the name of their file. Weights are safetensors, everything else is JSON or text.",
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                "additionalProperties": {"type": "string", "format": "binary"},
            }
        },
        responses=shapes.ModelFilesOut,
    )
    def post(self, request: Request, model_id: UUID) -> Response:
        model = found_model(request.user, model_id)
        with received_files(request) as received:
            files = {name if field == "files" else field: path for field, name, path in received}
            changed = services.add_model_files(actor=request.user, model=model, files=files)
        return Response(_files(changed))


class ModelFiles(PortalAPIView):
    """GET /llm-ops/v1/catalog/models/{modelId}/files"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="Files of a version, by path", responses=shapes.ModelFilesOut)
    def get(self, request: Request, model_id: UUID) -> Response:
        return Response(_files(found_model(request.user, model_id)))


class ModelFile(DownloadView):
    """GET, DELETE /llm-ops/v1/catalog/models/{modelId}/files/{path}"""

    permissions: ClassVar = {"get": Permission.READ, "delete": Permission.EDIT}

    @extend_schema(
        operation_id="catalog_models_files_download",
        summary="Download one file; byte ranges are answered",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, model_id: UUID, path: str) -> HttpResponse | StreamingHttpResponse:
        model = found_model(request.user, model_id)
        file = get_object_or_404(selectors.files_of(model), path=path)
        name = path.rsplit("/", 1)[-1]
        return blob_response(request, sha256=file.sha256, size_bytes=file.size_bytes, filename=name)

    @extend_schema(summary="Take one file off a version", responses=shapes.ModelFilesOut)
    def delete(self, request: Request, model_id: UUID, path: str) -> Response:
        model = found_model(request.user, model_id)
        return Response(_files(services.remove_model_file(actor=request.user, model=model, path=path)))


class ModelStatusView(PortalAPIView):
    """PATCH /llm-ops/v1/catalog/models/{modelId}/status"""

    permissions: ClassVar = {"patch": (Permission.EDIT, Permission.APPROVE, OWN)}

    @extend_schema(
        summary="Move a version: submit, approve, send back or withdraw, deprecate",
        request=shapes.ModelStatusIn,
        responses=shapes.ModelOut,
    )
    def patch(self, request: Request, model_id: UUID) -> Response:
        model = found_model(request.user, model_id)
        moved = services.set_model_status(actor=request.user, model=model, **self.given(shapes.ModelStatusIn, request))
        return self.answer(shapes.ModelOut(moved).data, f"'{moved}' is {moved.get_status_display().lower()}.")


class ModelVersions(PortalAPIView):
    """GET /llm-ops/v1/catalog/models/{modelId}/versions"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        operation_id="catalog_models_versions_list",
        summary="All versions of the same named model",
        responses=shapes.ModelOut(many=True),
    )
    def get(self, request: Request, model_id: UUID) -> Response:
        rows = selectors.siblings(actor=request.user, model=found_model(request.user, model_id))
        return Response(page_of(request, rows, lambda row: shapes.ModelOut(row).data))


class ModelVersionApprove(PortalAPIView):
    """POST /llm-ops/v1/catalog/models/{modelId}/versions/{version}/approve"""

    permissions: ClassVar = {"post": Permission.APPROVE}

    @extend_schema(
        summary="Give the caller's approval of a version", request=shapes.ModelApprovalIn, responses=shapes.ModelOut
    )
    @idempotent
    def post(self, request: Request, model_id: UUID, version: str) -> Response:
        model = found_model(request.user, model_id)
        given = self.given(shapes.ModelApprovalIn, request)
        moved = services.approve_model_version(actor=request.user, model=model, version=version, **given)
        return self.answer(shapes.ModelOut(moved).data, f"'{moved}' is {moved.get_status_display().lower()}.")


class ModelCompare(PortalAPIView):
    """GET /llm-ops/v1/catalog/models/{modelId}/versions/{a}/compare/{b}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="What differs between two versions", responses=shapes.ModelComparisonOut)
    def get(self, request: Request, model_id: UUID, a: str, b: str) -> Response:
        model = found_model(request.user, model_id)
        one = selectors.sibling(actor=request.user, model=model, version=a)
        other = selectors.sibling(actor=request.user, model=model, version=b)
        return Response(shapes.ModelComparisonOut(selectors.compare_models(one, other)).data)


class ModelLineage(PortalAPIView):
    """GET /llm-ops/v1/catalog/models/{modelId}/lineage"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="What led to a version and what came of it", responses=LineageOut)
    def get(self, request: Request, model_id: UUID) -> Response:
        model = found_model(request.user, model_id)
        return Response(lineage_of(actor=request.user, subject=model).as_dict())


class ModelCard(DownloadView):
    """GET /llm-ops/v1/catalog/models/{modelId}/card"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="The model card: Markdown, or JSON for who accepts that",
        responses={(200, "text/markdown"): OpenApiTypes.STR, (200, "application/json"): shapes.ModelCardOut},
    )
    def get(self, request: Request, model_id: UUID) -> HttpResponse:
        card = card_of(found_model(request.user, model_id))
        if request.accepts("application/json") and not request.accepts("text/markdown"):
            return Response(shapes.ModelCardOut({"metadata": card.metadata, "markdown": card.markdown}).data)
        return HttpResponse(card.markdown, content_type="text/markdown; charset=utf-8")


def _files(model: ModelVersion) -> dict[str, Any]:
    return {
        "digest": model.digest,
        "size_bytes": model.size_bytes,
        "items": shapes.ModelFileOut(selectors.files_of(model), many=True).data,
    }
