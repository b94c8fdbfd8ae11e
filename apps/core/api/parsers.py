"""The body of an API request."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import JSONParser

from apps.core.bounded_json import read_json
from apps.core.errors import TooLargeError


class BoundedJSONParser(JSONParser):
    """Reads JSON no longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`, and nothing that could not be kept."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002  # DRF's own signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        limit = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise body_too_large()
        return read_json(raw)


def body_too_large() -> TooLargeError:
    return TooLargeError(f"The body has more than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes. Files are uploaded.")
