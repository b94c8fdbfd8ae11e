"""API keys over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import selectors, services
from apps.accounts.api.serializers import keys as shapes
from apps.accounts.models import ApiKey
from apps.accounts.permissions import Permission
from apps.accounts.selectors.team import visible_service_accounts
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.doors import OWN, SIGNED_IN

KEEP = "Keep this key: it is not shown again."


def by_key(request: Request) -> ApiKey | None:
    """Return the key that the caller came with; None for a session."""
    return request.auth if isinstance(request.auth, ApiKey) else None


class Keys(PortalAPIView):
    """GET, POST /llm-ops/v1/accounts/keys"""

    permissions: ClassVar = {"get": SIGNED_IN, "post": SIGNED_IN}

    @extend_schema(
        summary="The caller's API keys, and those of service accounts that they manage",
        responses=shapes.ApiKeyOut(many=True),
    )
    def get(self, request: Request) -> Response:
        keys = selectors.visible_keys(actor=request.user)
        return Response(page_of(request, keys, lambda key: shapes.ApiKeyOut(key).data))

    @extend_schema(summary="Make an API key", request=shapes.ApiKeyIn, responses=shapes.NewApiKeyOut)
    def post(self, request: Request) -> Response:
        """Make a key. It takes no `Idempotency-Key`, since keeping the answer would keep the key itself."""
        given = self.given(shapes.ApiKeyIn, request)
        username = given.pop("owner", request.user.username)
        owner = None
        if username != request.user.username:
            owner = get_object_or_404(visible_service_accounts(actor=request.user), username=username)
        made = services.create_api_key(actor=request.user, owner=owner, by_key=by_key(request), **given)
        return self.answer({**shapes.ApiKeyOut(made.record).data, "token": made.token}, KEEP)


class Key(PortalAPIView):
    """DELETE /llm-ops/v1/accounts/keys/{keyId}"""

    permissions: ClassVar = {"delete": (OWN, Permission.MANAGE)}

    @extend_schema(summary="Revoke an API key", responses=shapes.ApiKeyOut)
    def delete(self, request: Request, key_id: UUID) -> Response:
        key = get_object_or_404(selectors.visible_keys(actor=request.user), pk=key_id)
        return Response(shapes.ApiKeyOut(services.revoke_api_key(actor=request.user, key=key)).data)


class RotateKey(PortalAPIView):
    """POST /llm-ops/v1/accounts/keys/{keyId}/rotate"""

    permissions: ClassVar = {"post": (OWN, Permission.MANAGE)}

    @extend_schema(
        summary="Make the key that follows one, which lives on for a while",
        request=shapes.ApiKeyRotateIn,
        responses=shapes.NewApiKeyOut,
    )
    def post(self, request: Request, key_id: UUID) -> Response:
        """Make the next key. It takes no `Idempotency-Key`; a second call is refused, since one key follows another."""
        key = get_object_or_404(selectors.visible_keys(actor=request.user), pk=key_id)
        given = self.given(shapes.ApiKeyRotateIn, request)
        made = services.rotate_api_key(actor=request.user, key=key, by_key=by_key(request), **given)
        return self.answer({**shapes.ApiKeyOut(made.record).data, "token": made.token}, KEEP)
