"""Sending stored files: streamed, with byte ranges, so that a cut download can go on."""

import asyncio
import re
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework.request import Request

from apps.core.api.negotiation import AnyAccept
from apps.core.api.views import PortalAPIView
from apps.core.blobs import CHUNK_BYTES, open_blob

_RANGE = re.compile(r"^bytes=([0-9]{0,18})-([0-9]{0,18})$")  # no file is larger than 18 digits say


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` to `end`, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


class UnsatisfiableRangeError(ValueError):
    """The range asked for lies outside the file."""


def parse_range(header: str, size_bytes: int) -> ByteRange | None:
    """Return the range that a `Range` header asks for; None for what is to be answered with the whole file.

    A header that is malformed or asks for several ranges is ignored, as RFC 9110, section 14.2, allows.

    Raises:
        UnsatisfiableRangeError: it lies outside the file.
    """
    match = _RANGE.match(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size_bytes - int(last)), size_bytes - 1
    else:
        start, end = int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1
        if last and int(last) < int(first):
            return None
    if start >= size_bytes or start > end:
        raise UnsatisfiableRangeError
    return ByteRange(start, end)


def blob_response(
    request: Request, *, sha256: str, size_bytes: int, filename: str
) -> HttpResponse | StreamingHttpResponse:
    """Answer with stored bytes as a download. The ETag is the digest, so a client can check what it got."""
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{sha256}"',
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=filename) or "attachment",
        "Cache-Control": "private, no-transform",
    }
    asked = request.headers.get("Range", "")
    if request.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
        asked = ""
    try:
        part = parse_range(asked, size_bytes)
    except UnsatisfiableRangeError:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size_bytes}"})
    whole = ByteRange(0, size_bytes - 1)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.end}/{size_bytes}"
    headers["Content-Length"] = str((part or whole).length)
    return StreamingHttpResponse(
        _content(request, sha256, part or whole),
        status=206 if part is not None else 200,
        content_type="application/octet-stream",
        headers=headers,
    )


def _content(request: Request, sha256: str, part: ByteRange) -> Iterator[bytes] | AsyncIterator[bytes]:
    # Django reads a synchronous stream to its end, into memory, before it sends it over ASGI.
    is_asgi = isinstance(request._request, ASGIRequest)  # noqa: SLF001  # DRF offers no public way to it
    chunks = _chunks(sha256, part)
    return _off_the_loop(chunks) if is_asgi else chunks


def _chunks(sha256: str, part: ByteRange) -> Generator[bytes, None, None]:
    with open_blob(sha256) as file:
        file.seek(part.start)
        left = part.length
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


async def _off_the_loop(chunks: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk
    finally:
        chunks.close()


def rows_response(
    request: Request, chunks: Generator[bytes, None, None], *, content_type: str, filename: str, headers: dict[str, str]
) -> StreamingHttpResponse:
    """Answer with a file that is made while it is sent, of rows that `chunks` reads from the database on the way."""
    is_asgi = isinstance(request._request, ASGIRequest)  # noqa: SLF001  # as above
    disposition = content_disposition_header(as_attachment=True, filename=filename) or "attachment"
    return StreamingHttpResponse(
        _in_its_thread(chunks) if is_asgi else chunks,
        content_type=content_type,
        headers={"Content-Disposition": disposition, "Cache-Control": "private, no-store", **headers},
    )


async def _in_its_thread(chunks: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """Read in the request's own thread, whose database connection is given back when the answer ends."""
    try:
        while chunk := await sync_to_async(lambda: next(chunks, b""))():
            yield chunk
    finally:
        await sync_to_async(chunks.close)()


class DownloadView(PortalAPIView):
    """An API view that answers with something other than JSON."""

    content_negotiation_class = AnyAccept
