"""The base of every API view."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from apps.core.api.renderer import with_message


class PortalAPIView(APIView):
    """An API view whose input is a nested or named serializer and whose answer is bare data."""

    def given(self, serializer: type[BaseSerializer[Any]], request: Request, **kwargs: Any) -> dict[str, Any]:
        """Return the validated body of `request`; a refusal names each field."""
        filled = serializer(data=request.data, **kwargs)
        filled.is_valid(raise_exception=True)
        return dict(filled.validated_data)

    def given_query(self, serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
        """Return the validated query parameters of `request`."""
        asked = {
            name: value for name, value in request.query_params.items() if name not in ("limit", "cursor", "format")
        }
        filled = serializer(data=asked)
        filled.is_valid(raise_exception=True)
        return dict(filled.validated_data)

    def answer(self, data: Any, message: str = "") -> Response:
        """Return `data` with a sentence for a person beside it."""
        return with_message(Response(data), message)
