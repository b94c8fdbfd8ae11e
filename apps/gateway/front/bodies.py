"""How long a body may be that is passed on to the portal: short, but where files arrive."""

import re

from django.conf import settings

from apps.gateway.errors import PassedBodyTooLargeError
from apps.gateway.front.asgi import Request

_ID = "[0-9a-f-]{36}"
# One pattern for each address that takes files; a test holds them against the portal's own addresses.
UPLOADS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"/llm-ops/v1/catalog/(models|datasets)/{_ID}/upload",
        rf"/catalog/models/{_ID}/files",
        rf"/catalog/datasets/{_ID}/file",
    )
)
FORM_BYTES = 1 << 20  # what a form says of its files, beside them


def takes_files(path: str) -> bool:
    return any(pattern.fullmatch(path) for pattern in UPLOADS)


def limit_bytes(path: str) -> int:
    """Return how many bytes a body for `path` may have."""
    if takes_files(path):
        return int(settings.UPLOAD_MAX_BYTES) + FORM_BYTES
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def refuse_announced(request: Request) -> None:
    """Refuse a body that says itself that it is too long.

    Raises:
        PassedBodyTooLargeError: it does.
    """
    limit, length = limit_bytes(request.path), request.header(b"content-length")
    if length and length.isdigit() and int(length) > limit:
        raise PassedBodyTooLargeError(limit_bytes=limit)
