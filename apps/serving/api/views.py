"""Endpoints over HTTP."""

from typing import Any, ClassVar
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
from apps.serving import selectors, services
from apps.serving.api import serializers as shapes
from apps.serving.models import Endpoint

ASKED = "Policies want approvals for this, so it was asked for. Nothing that runs changes before they are given."


def _endpoint(actor: User, endpoint_id: UUID) -> Endpoint:
    return get_object_or_404(selectors.visible_endpoints(actor=actor), pk=endpoint_id)


def _detail(actor: User, endpoint_id: UUID) -> Response:
    return Response(shapes.EndpointDetailOut(_endpoint(actor, endpoint_id)).data)


def _deployed(actor: User, endpoint: Endpoint) -> Response:
    """Answer with an endpoint that was deployed to, and say so where that was only asked for."""
    return with_message(_detail(actor, endpoint.pk), ASKED if endpoint.waits_for else "")


def _deployment(actor: User, given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `deploy` that the body of a request asks for."""
    owner = owner_of(actor, given)
    policy = given.pop("prompt_policy")
    own = {name: given.pop(name) for name in ("route_name", "environment", "backend", "reason")}
    prompt = selectors.prompt_of_policy(actor=actor, team_id=owner["team"].pk, policy=policy) if policy else None
    return {**owner, "spec": given, "prompt_version": prompt, **own}


class Endpoints(PortalAPIView):
    """GET, POST /llm-ops/v1/serving/endpoints"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(summary="Endpoints", parameters=[shapes.EndpointFilter], responses=shapes.EndpointOut(many=True))
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.EndpointFilter, request)
        rows = selectors.filtered_endpoints(actor=request.user, asked=asked)
        return Response(page_of(request, rows, lambda row: shapes.EndpointOut(row).data))

    @extend_schema(
        summary="Deploy a model to a new endpoint", request=shapes.DeployIn, responses=shapes.EndpointDetailOut
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = _deployment(request.user, self.given(shapes.DeployIn, request))
        return _deployed(request.user, services.deploy(actor=request.user, **asked))


class EndpointDetail(PortalAPIView):
    """GET, PATCH, DELETE /llm-ops/v1/serving/endpoints/{endpointId}"""

    permissions: ClassVar = {"get": Permission.READ, "patch": Permission.EDIT, "delete": Permission.MANAGE}

    @extend_schema(summary="One endpoint with its revisions, servers and traffic", responses=shapes.EndpointDetailOut)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        return _detail(request.user, endpoint_id)

    @extend_schema(
        summary="Change scaling or prompt, by a new revision",
        request=shapes.EndpointUpdateIn,
        responses=shapes.EndpointDetailOut,
    )
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        endpoint = _endpoint(request.user, endpoint_id)
        given = self.given(shapes.EndpointUpdateIn, request)
        policy = given.pop("prompt_policy", None)
        takes_away = policy is None and request.data.keys() & {"prompt_policy", "promptPolicy"}
        if policy:
            given["prompt_version"] = selectors.prompt_of_policy(
                actor=request.user, team_id=endpoint.owner_team_id, policy=policy
            )
        changed = services.update_endpoint(
            actor=request.user, endpoint=endpoint, without_prompt=bool(takes_away), **given
        )
        return _deployed(request.user, changed)

    @extend_schema(summary="Remove the endpoint and what it runs", request=None, responses=shapes.EndpointDetailOut)
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        services.delete_endpoint(actor=request.user, endpoint=_endpoint(request.user, endpoint_id))
        return _detail(request.user, endpoint_id)


class Rollback(PortalAPIView):
    """POST /llm-ops/v1/serving/endpoints/{endpointId}/rollback"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Deploy an earlier revision again",
        request=shapes.EndpointRollbackIn,
        responses=shapes.EndpointDetailOut,
    )
    @idempotent
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        given = self.given(shapes.EndpointRollbackIn, request)
        endpoint = _endpoint(request.user, endpoint_id)
        back = services.rollback(
            actor=request.user, endpoint=endpoint, number=given["revision"], reason=given["reason"]
        )
        return _deployed(request.user, back)


class Redeploy(PortalAPIView):
    """POST /llm-ops/v1/serving/endpoints/{endpointId}/redeploy"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Deploy again on a new server, with changes if given",
        request=shapes.EndpointRedeployIn,
        responses=shapes.EndpointDetailOut,
    )
    @idempotent
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        given = self.given(shapes.EndpointRedeployIn, request)
        again = services.redeploy(actor=request.user, endpoint=_endpoint(request.user, endpoint_id), **given)
        return _deployed(request.user, again)


class Promote(PortalAPIView):
    """POST /llm-ops/v1/serving/endpoints/{endpointId}/promote"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Deploy what is served to a route in the next environment",
        request=shapes.EndpointPromoteIn,
        responses=shapes.EndpointDetailOut,
    )
    @idempotent
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        given = self.given(shapes.EndpointPromoteIn, request)
        promoted = services.promote(actor=request.user, endpoint=_endpoint(request.user, endpoint_id), **given)
        return _deployed(request.user, promoted)


class Pause(PortalAPIView):
    """POST /llm-ops/v1/serving/endpoints/{endpointId}/pause"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Stop answering until redeployed", request=shapes.EndpointReasonIn, responses=shapes.EndpointDetailOut
    )
    @idempotent
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        reason = self.given(shapes.EndpointReasonIn, request)["reason"]
        services.pause(actor=request.user, endpoint=_endpoint(request.user, endpoint_id), reason=reason)
        return _detail(request.user, endpoint_id)


class Render(PortalAPIView):
    """POST /llm-ops/v1/serving/endpoints/render"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="What a deployment turns into, with nothing started",
        request=shapes.DeployIn,
        responses=shapes.DeploymentRenderOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = _deployment(request.user, self.given(shapes.DeployIn, request))
        del asked["prompt_version"], asked["reason"]
        return Response(services.render_deployment(actor=request.user, **asked))
