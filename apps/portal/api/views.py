"""What spans the apps: the provenance of one answer."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Permission
from apps.core.api.views import PortalAPIView
from apps.portal.provenance import provenance_of
from apps.telemetry.selectors import visible_event


class ProofOut(serializers.Serializer[Any]):
    event_id = serializers.UUIDField()
    action = serializers.CharField()
    actor = serializers.CharField()
    at = serializers.DateTimeField()
    digest = serializers.CharField()
    leaf_index = serializers.IntegerField(allow_null=True, help_text="Its place in the sealed log; null until sealed.")
    proof = serializers.CharField(help_text="Where the proof of that is.")


class StepOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.UUIDField()
    label = serializers.CharField()
    because = serializers.CharField(help_text="How it stands to the step that it was reached from.")
    reached_from = serializers.CharField(help_text='"kind:id" of that step; empty for the answer.')
    at = serializers.DateTimeField()
    digest = serializers.CharField()
    page = serializers.CharField()
    facts = serializers.DictField()
    proofs = ProofOut(many=True)


class ProvenanceOut(serializers.Serializer[Any]):
    request_id = serializers.UUIDField()
    steps = StepOut(many=True)
    missing = serializers.ListField(child=serializers.CharField(), help_text="What of the chain is not known.")
    complete = serializers.BooleanField()
    digest = serializers.CharField(help_text="Of everything above, canonically.")


class RequestProvenance(PortalAPIView):
    """GET /llm-ops/v1/serve/requests/{requestId}/provenance"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="The chain behind one answer", responses=ProvenanceOut)
    def get(self, request: Request, request_id: str) -> Response:
        event = visible_event(actor=request.user, request_id=request_id)
        return Response(provenance_of(actor=request.user, event=event).as_dict())
