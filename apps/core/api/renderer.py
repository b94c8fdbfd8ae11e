"""One renderer builds the envelope, so that no view can forget it."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response


def with_message(response: Response, message: str) -> Response:
    """Return `response` with the sentence for a person that its envelope will hold."""
    response.envelope_message = message  # type: ignore[attr-defined]
    return response


def message_of(response: Response | None) -> str:
    """Return the sentence for a person that goes with `response`; empty without one."""
    return getattr(response, "envelope_message", "")


class EnvelopeRenderer(JSONRenderer):
    """Render `data` as `{"status", "message", "data"}`.

    Views return bare data. A refusal arrives as the `data` of its error with the message beside it (see `handler`).
    """

    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        refused = response is not None and response.status_code >= 400
        envelope = {"status": "error" if refused else "success", "message": message_of(response), "data": data}
        return super().render(envelope, accepted_media_type, renderer_context)
