"""The audit trail over HTTP: the log, its export, and what proves it."""

from pathlib import Path
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Permission
from apps.core.api.downloads import DownloadView, rows_response
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.errors import InvalidInputError
from apps.governance import exports, proofs, selectors, services
from apps.governance.api.serializers import audit as shapes

VERIFIER = Path(settings.BASE_DIR, "tools", "llmops_verify.py")


class AuditLog(PortalAPIView):
    """GET /llm-ops/v1/governance/audit/logs"""

    permissions: ClassVar = {"get": Permission.AUDIT}

    @extend_schema(
        summary="The audit trail", parameters=[shapes.AuditFilter], responses=shapes.AuditEventOut(many=True)
    )
    def get(self, request: Request) -> Response:
        selectors.require_auditor(actor=request.user)
        rows = selectors.filtered_events(actor=request.user, asked=self.given_query(shapes.AuditFilter, request))
        services.record_read(actor=request.user, subject=request.user, what="audit_log")
        return Response(page_of(request, rows, lambda row: shapes.AuditEventOut(row).data))


class AuditExport(DownloadView):
    """GET /llm-ops/v1/governance/audit/export"""

    permissions: ClassVar = {"get": Permission.AUDIT}

    @extend_schema(
        summary="The audit trail as a file, for the verifier or a spreadsheet",
        description="Sealed events, as sealed. `Audit-Log-Complete: true` says that all of the log is in it, "
        "`Audit-Log-Entries` which of its entries.",
        parameters=[
            shapes.AuditFilter,
            OpenApiParameter("format", str, enum=("jsonl", "csv"), default="jsonl"),
        ],
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        as_format = request.query_params.get("format", "jsonl")
        if as_format not in ("jsonl", "csv"):
            raise InvalidInputError(fields={"format": [f"'{as_format[:40]}' is neither jsonl nor csv."]})
        selectors.require_auditor(actor=request.user)
        asked = self.given_query(shapes.AuditFilter, request)
        services.record_read(actor=request.user, subject=request.user, what="audit_export")
        made = exports.export_events(actor=request.user, asked=asked, as_format=as_format)
        return rows_response(
            request, made.chunks, content_type=made.content_type, filename=made.filename, headers=made.headers
        )


class AuditProof(PortalAPIView):
    """GET /llm-ops/v1/governance/audit/proof/{eventId}"""

    permissions: ClassVar = {"get": Permission.AUDIT}

    @extend_schema(
        summary="The proof that an event is in the log, to be checked offline", responses=shapes.AuditProofOut
    )
    def get(self, request: Request, event_id: UUID) -> Response:
        event = get_object_or_404(selectors.visible_events(actor=request.user), pk=event_id)
        services.record_read(actor=request.user, subject=request.user, what="audit_log")
        return Response(shapes.AuditProofOut(proofs.proof_of(event)).data)


class AuditCheckpointView(PortalAPIView):
    """GET /llm-ops/v1/governance/audit/checkpoint"""

    permissions: ClassVar = {"get": Permission.AUDIT}

    @extend_schema(
        summary="The newest signed checkpoint, the log's public key, and its copies", responses=shapes.SealOut
    )
    def get(self, request: Request) -> Response:
        selectors.require_auditor(actor=request.user)
        return Response(shapes.SealOut(proofs.seal_state()).data)


class AuditConsistency(PortalAPIView):
    """GET /llm-ops/v1/governance/audit/consistency"""

    permissions: ClassVar = {"get": Permission.AUDIT}

    @extend_schema(
        summary="The proof that the log at one checkpoint begins with the log at an earlier one",
        parameters=[shapes.Sizes],
        responses=shapes.ConsistencyOut,
    )
    def get(self, request: Request) -> Response:
        selectors.require_auditor(actor=request.user)
        asked = self.given_query(shapes.Sizes, request)
        return Response(shapes.ConsistencyOut(proofs.consistency_of(asked["from"], asked.get("to"))).data)


class AuditVerifier(DownloadView):
    """GET /llm-ops/v1/governance/audit/verifier"""

    permissions: ClassVar = {"get": Permission.AUDIT}

    @extend_schema(
        summary="The script that checks exports and proofs without the portal",
        responses={(200, "text/x-python"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponse:
        selectors.require_auditor(actor=request.user)
        headers = {"Content-Disposition": f'attachment; filename="{VERIFIER.name}"'}
        return HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)
