"""Who may do what to one object, and the grants on it, over HTTP."""

from typing import Any, ClassVar

from django.db import models
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import services
from apps.accounts.access import access_panel, grantable_model
from apps.accounts.api.serializers import access as shapes
from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_to
from apps.accounts.selectors.objects import grant_model_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent


def found_object(actor: User, given: dict[str, Any]) -> models.Model:
    """Take `kind` and `id` out of `given`; return the object, or answer 404."""
    model = grantable_model(given.pop("kind"))
    return get_object_or_404(visible_to(actor, model._default_manager.all()), pk=given.pop("id"))


class Access(PortalAPIView):
    """GET /llm-ops/v1/accounts/access"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="Who may do what to one object, and why", parameters=[shapes.ObjectIn], responses=shapes.AccessOut
    )
    def get(self, request: Request) -> Response:
        subject = found_object(request.user, self.given_query(shapes.ObjectIn, request))
        return Response(shapes.AccessOut(access_panel(actor=request.user, subject=subject)).data)


class Grants(PortalAPIView):
    """POST /llm-ops/v1/accounts/grants"""

    permissions: ClassVar = {"post": Permission.MANAGE}

    @extend_schema(
        summary="Grant or deny somebody a permission on one object", request=shapes.GrantIn, responses=shapes.GrantOut
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.GrantIn, request)
        subject = found_object(request.user, given)
        user = get_object_or_404(User, username=given.pop("user"), is_active=True)
        given["permission"] = Permission(given["permission"])
        grant = services.grant_access(actor=request.user, user=user, subject=subject, **given)
        return Response(shapes.GrantOut(grant).data)


class Grant(PortalAPIView):
    """DELETE /llm-ops/v1/accounts/grants/{kind}/{grantId}"""

    permissions: ClassVar = {"delete": Permission.MANAGE}

    @extend_schema(summary="End a grant or a denial", responses=shapes.GrantOut)
    def delete(self, request: Request, kind: str, grant_id: int) -> Response:
        model = grantable_model(kind)
        seen = visible_to(request.user, model._default_manager.all()).values("pk")
        grants = grant_model_of(model).objects.select_related("user", "permission", "given_by")
        grant = get_object_or_404(grants.filter(content_object__in=seen), pk=grant_id)
        described = shapes.GrantOut(grant).data
        services.revoke_grant(actor=request.user, grant=grant)
        return Response(described)
