"""Dataset versions over HTTP."""

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
from apps.core.api.downloads import DownloadView, blob_response
from apps.core.api.pages import page_of
from apps.core.api.uploads import UploadView
from apps.core.api.views import PortalAPIView
from apps.core.doors import OWN
from apps.core.errors import InvalidInputError
from apps.core.idempotency import idempotent
from apps.core.uploads import received_files
from apps.datasets import selectors, services
from apps.datasets.api import serializers as shapes
from apps.datasets.card import card_of
from apps.datasets.comparison import compare_datasets
from apps.datasets.errors import NoFileError
from apps.datasets.models import DatasetVersion
from apps.governance.lineage import lineage_of
from apps.governance.selectors import requests_about
from apps.governance.shapes import LineageOut, RequestAboutOut


def found_dataset(actor: User, dataset_id: UUID) -> DatasetVersion:
    """Return a version that `actor` may see, or answer 404."""
    return get_object_or_404(selectors.visible_datasets(actor=actor), pk=dataset_id)


class Datasets(PortalAPIView):
    """GET, POST /llm-ops/v1/catalog/datasets"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(
        operation_id="catalog_datasets_list",
        summary="Dataset versions",
        parameters=[shapes.DatasetFilterIn],
        responses=shapes.DatasetOut(many=True),
    )
    def get(self, request: Request) -> Response:
        asked: Any = self.given_query(shapes.DatasetFilterIn, request)
        rows = selectors.filtered_datasets(actor=request.user, asked=asked)
        return Response(page_of(request, rows, lambda row: shapes.DatasetOut(row).data))

    @extend_schema(summary="Register a dataset version", request=shapes.DatasetIn, responses=shapes.DatasetOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.DatasetIn, request)
        owner = owner_of(request.user, given)
        made = services.create_dataset(actor=request.user, **owner, **given)
        return self.answer(shapes.DatasetOut(made).data, f"'{made}' is registered as a draft. Upload its file next.")


class Dataset(PortalAPIView):
    """GET, PATCH, DELETE /llm-ops/v1/catalog/datasets/{datasetId}"""

    permissions: ClassVar = {"get": Permission.READ, "patch": Permission.EDIT, "delete": Permission.EDIT}

    @extend_schema(
        summary="One dataset version with evidence, approvals and lineage", responses=shapes.DatasetDetailOut
    )
    def get(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        return Response(
            {
                **shapes.DatasetOut(dataset).data,
                "schema": dataset.schema,
                "approvals": RequestAboutOut(requests_about(dataset), many=True).data,
                "evidence": selectors.evidence_about(dataset),
                "lineage": lineage_of(actor=request.user, subject=dataset).as_dict(),
            }
        )

    @extend_schema(
        summary="Change what a version says, as its state allows",
        request=shapes.DatasetPatch,
        responses=shapes.DatasetOut,
    )
    def patch(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        changes = self.given(shapes.DatasetPatch, request)
        changed = services.edit_dataset(actor=request.user, dataset=dataset, changes=changes)
        return Response(shapes.DatasetOut(changed).data)

    @extend_schema(summary="Delete a draft that nothing needs", responses={200: OpenApiTypes.NONE})
    def delete(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        services.delete_dataset(actor=request.user, dataset=dataset)
        return self.answer(None, f"'{dataset}' is deleted.")


class DatasetUpload(UploadView):
    """POST /llm-ops/v1/catalog/datasets/{datasetId}/upload"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Upload the version's file: CSV, JSON Lines or Parquet, judged by its content",
        request={
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        responses=shapes.DatasetOut,
    )
    def post(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        with received_files(request) as received:
            if len(received) > 1:
                raise InvalidInputError(fields={"file": ["A dataset version has one file. Send one."]})
            _, name, path = received[0]
            changed = services.add_dataset_file(actor=request.user, dataset=dataset, file=path, filename=name)
        message = f"{changed.row_count} rows kept. Personal data: {changed.get_pii_status_display().lower()}."
        return self.answer(shapes.DatasetOut(changed).data, message)


class DatasetFile(DownloadView):
    """GET /llm-ops/v1/catalog/datasets/{datasetId}/file"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="Download the version's file; byte ranges are answered",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, dataset_id: UUID) -> HttpResponse | StreamingHttpResponse:
        dataset = found_dataset(request.user, dataset_id)
        if not dataset.sha256:
            raise NoFileError(label=str(dataset))
        services.note_reading(actor=request.user, dataset=dataset, what="file")
        name = f"{dataset.name}-{dataset.version}.{dataset.format}"
        return blob_response(request, sha256=dataset.sha256, size_bytes=dataset.size_bytes, filename=name)


class DatasetPreview(PortalAPIView):
    """GET /llm-ops/v1/catalog/datasets/{datasetId}/preview"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="First rows, columns, statistics",
        parameters=[shapes.DatasetPreviewIn],
        responses=shapes.DatasetPreviewOut,
    )
    def get(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        asked = self.given_query(shapes.DatasetPreviewIn, request)
        return Response(
            {
                "rows": services.show_rows(actor=request.user, dataset=dataset, count=asked["rows"]),
                "row_count": dataset.row_count,
                "schema": dataset.schema,
                "statistics": dataset.statistics,
            }
        )


class DatasetValidation(PortalAPIView):
    """GET /llm-ops/v1/catalog/datasets/{datasetId}/validation"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="What validation found in the file that the version has", responses=shapes.DatasetValidationOut
    )
    def get(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        report = selectors.current_report(dataset)
        if report is None:
            raise NoFileError(label=str(dataset))
        return Response(shapes.DatasetValidationOut(report).data)


class DatasetClean(PortalAPIView):
    """POST /llm-ops/v1/catalog/datasets/{datasetId}/clean"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Make a cleaned version: duplicates dropped, personal data masked",
        request=shapes.DatasetCleanIn,
        responses=shapes.DatasetOut,
    )
    @idempotent
    def post(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        given = self.given(shapes.DatasetCleanIn, request)
        made = services.clean_dataset(actor=request.user, dataset=dataset, **given)
        return self.answer(shapes.DatasetOut(made).data, f"'{made}' has {made.row_count} of {dataset.row_count} rows.")


class DatasetStatusView(PortalAPIView):
    """PATCH /llm-ops/v1/catalog/datasets/{datasetId}/status"""

    permissions: ClassVar = {"patch": (Permission.EDIT, Permission.APPROVE, OWN)}

    @extend_schema(
        summary="Move a version: submit, approve, send back or withdraw, deprecate",
        request=shapes.DatasetStatusIn,
        responses=shapes.DatasetOut,
    )
    def patch(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        given = self.given(shapes.DatasetStatusIn, request)
        moved = services.set_dataset_status(actor=request.user, dataset=dataset, **given)
        return self.answer(shapes.DatasetOut(moved).data, f"'{moved}' is {moved.get_status_display().lower()}.")


class DatasetVersions(PortalAPIView):
    """GET /llm-ops/v1/catalog/datasets/{datasetId}/versions"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        operation_id="catalog_datasets_versions_list",
        summary="All versions of the same named dataset",
        responses=shapes.DatasetOut(many=True),
    )
    def get(self, request: Request, dataset_id: UUID) -> Response:
        rows = selectors.siblings(actor=request.user, dataset=found_dataset(request.user, dataset_id))
        return Response(page_of(request, rows, lambda row: shapes.DatasetOut(row).data))


class DatasetCompare(PortalAPIView):
    """GET /llm-ops/v1/catalog/datasets/{datasetId}/versions/{version1}/compare/{version2}"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="What differs between two versions", responses=shapes.DatasetComparisonOut)
    def get(self, request: Request, dataset_id: UUID, version1: str, version2: str) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        one = selectors.sibling(actor=request.user, dataset=dataset, version=version1)
        other = selectors.sibling(actor=request.user, dataset=dataset, version=version2)
        return Response(shapes.DatasetComparisonOut(compare_datasets(one, other)).data)


class DatasetLineage(PortalAPIView):
    """GET /llm-ops/v1/catalog/datasets/{datasetId}/lineage"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="What led to a version and what came of it", responses=LineageOut)
    def get(self, request: Request, dataset_id: UUID) -> Response:
        dataset = found_dataset(request.user, dataset_id)
        return Response(lineage_of(actor=request.user, subject=dataset).as_dict())


class DatasetCard(DownloadView):
    """GET /llm-ops/v1/catalog/datasets/{datasetId}/card"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="The data card: Markdown, or JSON for who accepts that",
        responses={(200, "text/markdown"): OpenApiTypes.STR, (200, "application/json"): shapes.DatasetCardOut},
    )
    def get(self, request: Request, dataset_id: UUID) -> HttpResponse:
        card = card_of(found_dataset(request.user, dataset_id))
        if request.accepts("application/json") and not request.accepts("text/markdown"):
            return Response(shapes.DatasetCardOut({"metadata": card.metadata, "markdown": card.markdown}).data)
        return HttpResponse(card.markdown, content_type="text/markdown; charset=utf-8")
