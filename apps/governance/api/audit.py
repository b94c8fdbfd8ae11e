"""The audit trail over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.governance import selectors
from apps.governance.api.serializers import audit as shapes


class AuditLog(PortalAPIView):
    """GET /llm-ops/v1/governance/audit/logs"""

    @extend_schema(
        summary="The audit trail", parameters=[shapes.AuditFilter], responses=shapes.AuditEventOut(many=True)
    )
    def get(self, request: Request) -> Response:
        rows = selectors.filtered_events(actor=request.user, asked=self.given_query(shapes.AuditFilter, request))
        return Response(page_of(request, rows, lambda row: shapes.AuditEventOut(row).data))
