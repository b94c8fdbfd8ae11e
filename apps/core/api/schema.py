"""OpenAPI: every JSON answer is described in its envelope, and every list in its pages."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.views import APIView

from apps.core.api.pages import DEFAULT_LIMIT, MAX_LIMIT
from apps.core.doors import any_of

ENVELOPED = "application/json"


class Pages:
    """Describes what `pages.page_of` reads and answers, in the place where drf-spectacular asks a paginator."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = "The `cursor` of the next page; null on the last."
        total = "How many there are in all; null where counting them would be slow."
        return {
            "type": "object",
            "required": ["items", "next", "total"],
            "properties": {
                "items": schema,
                "next": {"type": "string", "nullable": True, "description": following},
                "total": {"type": "integer", "nullable": True, "description": total},
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:  # noqa: ARG002
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "`next` of the page before.",
            },
            {"name": "limit", "in": "query", "schema": limit, "description": "The most items of one page."},
        ]


class EnvelopeSchema(AutoSchema):
    """Wrap what a view answers into `{status, message, data}` as the renderer does."""

    def _get_paginator(self) -> Pages:
        """Every list is a page: views that answer with `many=True` use `page_of`."""
        return Pages()

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Say which permission the caller needs; of several, one is enough."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        needed = getattr(self.view, "permissions", {}).get(self.method.lower())
        if operation is not None and needed is not None:
            operation["x-needs"] = list(any_of(needed))
        return operation

    def _get_response_for_code(  # type: ignore[no-untyped-def]  # drf-spectacular's own hook is untyped
        self, serializer, status_code, media_types=None, direction="response"
    ) -> dict[str, Any]:
        described: dict[str, Any] = super()._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, status_code, media_types, direction
        )
        content = described.get("content", {}).get(ENVELOPED)
        if content is not None:
            content["schema"] = enveloped(content.get("schema", {}))
        return described


def enveloped(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an answer whose `data` is described by `schema`."""
    return {
        "type": "object",
        "required": ["status", "message", "data"],
        "properties": {
            "status": {"type": "string", "enum": ["success", "error"]},
            "message": {"type": "string"},
            "data": schema,
        },
    }
