"""OpenAPI: every JSON answer is described in its envelope, and every path lists how it can refuse."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

ENVELOPED = "application/json"


class EnvelopeSchema(AutoSchema):
    """Wrap what a view answers into `{status, message, data}` as the renderer does."""

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
