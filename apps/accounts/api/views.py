"""Who I am, my teams and my keys."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import selectors, services
from apps.accounts.api.serializers import ApiKeyIn, ApiKeyOut, MeOut, NewApiKeyOut, TeamOut
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView


class Me(PortalAPIView):
    """GET /llm-ops/v1/accounts/me"""

    @extend_schema(summary="Who the caller is", responses=MeOut)
    def get(self, request: Request) -> Response:
        teams = selectors.teams_with_roles(actor=request.user)
        return Response(
            {
                "id": request.user.pk,
                "username": request.user.username,
                "name": request.user.label,
                "kind": request.user.kind,
                "is_superuser": request.user.is_superuser,
                "teams": TeamOut(teams, many=True).data,
            }
        )


class Keys(PortalAPIView):
    """GET, POST /llm-ops/v1/accounts/keys"""

    @extend_schema(summary="The caller's API keys", responses=ApiKeyOut(many=True))
    def get(self, request: Request) -> Response:
        keys = selectors.visible_keys(actor=request.user)
        return Response(page_of(request, keys, lambda key: ApiKeyOut(key).data))

    @extend_schema(summary="Make an API key", request=ApiKeyIn, responses=NewApiKeyOut)
    def post(self, request: Request) -> Response:
        """Make a key. It takes no `Idempotency-Key`, since keeping the answer would keep the key itself."""
        made = services.create_api_key(actor=request.user, **self.given(ApiKeyIn, request))
        return self.answer(
            {**ApiKeyOut(made.record).data, "token": made.token}, "Keep this key: it is not shown again."
        )


class Key(PortalAPIView):
    """DELETE /llm-ops/v1/accounts/keys/{keyId}"""

    @extend_schema(summary="Revoke an API key", responses=ApiKeyOut)
    def delete(self, request: Request, key_id: UUID) -> Response:
        key = get_object_or_404(selectors.visible_keys(actor=request.user), pk=key_id)
        return Response(ApiKeyOut(services.revoke_api_key(actor=request.user, key=key)).data)
