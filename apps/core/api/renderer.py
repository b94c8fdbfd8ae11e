"""One renderer builds the envelope, so that no view can forget it."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer


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
        message = getattr(response, "envelope_message", "")
        envelope = {"status": "error" if refused else "success", "message": message, "data": data}
        return super().render(envelope, accepted_media_type, renderer_context)
