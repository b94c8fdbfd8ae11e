"""The base of every API view."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from apps.core.api.renderer import with_message
from apps.core.doors import METHODS, Needed, refuse_unasked, refuse_undeclared, watched_door


class PortalAPIView(APIView):
    """An API view whose input is a nested or named serializer and whose answer is bare data.

    Attributes:
        permissions: for each method that it answers, the permission it needs; see `apps.core.doors`. A view without
            one fails when its module is imported.
    """

    permissions: ClassVar[Mapping[str, Needed]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        answered = tuple(method for method in METHODS if hasattr(cls, method))
        refuse_undeclared(f"{cls.__module__}.{cls.__qualname__}", answered, cls.permissions)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with watched_door() as asked:
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        method = "get" if request.method == "HEAD" else str(request.method).lower()
        if method in self.permissions:
            refuse_unasked(type(self).__qualname__, self.permissions[method], asked, response.status_code)
        return response

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
