"""Receiving files: streamed to the quarantine folder while they arrive, counted, and gone with the request."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from apps.core.errors import InvalidInputError, TooLargeError

PageView = Callable[..., HttpResponseBase]


class CountingHandler(TemporaryFileUploadHandler):
    """Writes each file to disk, and stops once those of one request are larger than `UPLOAD_MAX_BYTES` together."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._left = int(settings.UPLOAD_MAX_BYTES)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._left -= len(raw_data)
        if self._left < 0:
            self.file.close()  # Django closes the finished files of an upload that fails, not the one it is at
            raise TooLargeError(f"An upload may hold {settings.UPLOAD_MAX_BYTES} bytes; this one is larger.")
        super().receive_data_chunk(raw_data, start)


def stream_files(request: HttpRequest) -> None:
    """Have the files of `request` written to disk as they arrive. Call it before anything reads the body."""
    request.upload_handlers = [CountingHandler(request)]


def receives_files(view: PageView) -> PageView:
    """Let a page's view take files without holding them in memory.

    The check of the CSRF token reads the body, so it has to come after the handlers are set: inside the view.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        stream_files(request)
        return protected(request, *args, **kwargs)

    wrapped.receives_files = True  # type: ignore[attr-defined]  # read by the test of what the front door lets through
    return wrapped


@contextmanager
def received_files(request: Any) -> Iterator[list[tuple[str, str, Path]]]:
    """Yield what arrived as (field name, file name, path); the files vanish afterwards.

    Raises:
        InvalidInputError: there is no file in the request.
        TooLargeError: the files are too large together, or too many.
    """
    try:
        files: MultiValueDict[str, TemporaryUploadedFile] = request.FILES
    except TooManyFilesSent:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        raise TooLargeError(f"One upload may hold {most} files. Send the others in another.") from None
    received = [(field, file) for field, found in files.lists() for file in found]
    if not received:
        raise InvalidInputError(fields={"file": ["No file arrived. Send it as multipart/form-data."]})
    try:
        yield [(field, str(file.name), _path(file)) for field, file in received]
    finally:
        for _, file in received:
            file.close()


def _path(file: TemporaryUploadedFile) -> Path:
    assert isinstance(file, TemporaryUploadedFile), "`stream_files` was not called"  # noqa: S101
    file.flush()
    return Path(file.temporary_file_path())
