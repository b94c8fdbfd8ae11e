import hashlib

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import AsyncRequestFactory
from rest_framework.request import Request

from apps.core.api.downloads import ByteRange, UnsatisfiableRangeError, blob_response, parse_range
from apps.core.blobs import CHUNK_BYTES, store_file


class TestParseRange:
    @pytest.mark.parametrize(
        ("header", "found"),
        [
            ("bytes=0-0", ByteRange(0, 0)),
            ("bytes=9-", ByteRange(9, 9)),
            ("bytes=-3", ByteRange(7, 9)),
            ("bytes=-30", ByteRange(0, 9)),
            ("bytes=0-99", ByteRange(0, 9)),
            ("", None),
            ("bytes=", None),
            ("bytes=-", None),
            ("bytes=3-1", None),
            ("bytes=0-" + "9" * 5000, None),
            ("bytes=" + "9" * 5000 + "-", None),
            ("bytes=٠-١", None),
            ("bytes=0-1,3-4", None),
            ("octets=0-1", None),
        ],
    )
    def test_reads_single_ranges_and_ignores_what_it_does_not_know(self, header, found):
        assert parse_range(header, 10) == found

    @pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-0", 0), ("bytes=-0", 10)])
    def test_refuses_what_lies_outside(self, header, size):
        with pytest.raises(UnsatisfiableRangeError):
            parse_range(header, size)


class TestBlobResponse:
    async def test_streams_over_asgi_in_pieces(self, tmp_path):
        content = bytes(range(256)) * (CHUNK_BYTES // 128)  # two chunks
        (tmp_path / "file").write_bytes(content)
        blob = store_file(tmp_path / "file")
        request = AsyncRequestFactory().get("/", headers={"Range": "bytes=1-"})
        assert isinstance(request, ASGIRequest)

        response = blob_response(Request(request), sha256=blob.sha256, size_bytes=blob.size_bytes, filename="안녕.bin")

        assert response.is_async
        pieces = [piece async for piece in response.streaming_content]
        assert len(pieces) == 2
        assert hashlib.sha256(b"".join(pieces)).digest() == hashlib.sha256(content[1:]).digest()
        assert "filename*=utf-8''" in response["Content-Disposition"]
