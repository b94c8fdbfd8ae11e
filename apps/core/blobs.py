"""Content-addressed files: written once under their SHA-256, never changed.

Storage is whatever `STORAGES["blobs"]` says: a folder on one machine, S3 in production. A row that names a digest
can therefore never point at other or partial bytes; two rows may name the same one.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from apps.core.errors import ConflictError, TooLargeError

CHUNK_BYTES = 1 << 20

Beat = Callable[[], None]
"""What long work calls after each piece: who waits for it hears that it lives, and may raise to end it."""


def unheard() -> None:
    """A `Beat` that nobody listens to."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are stored: their SHA-256 in hex and their number."""

    sha256: str
    size_bytes: int


class BlobDamagedError(ConflictError):
    """The stored bytes are not the ones that were stored."""

    code = "core.blob_damaged"
    message = "The stored file {sha256} no longer has the bytes that were stored. Restore it from a backup."


def blob_storage() -> Storage:
    return storages["blobs"]


def blob_name(sha256: str) -> str:
    return f"blobs/{sha256[:2]}/{sha256}"


@contextmanager
def received(chunks: Iterable[bytes], *, limit_bytes: int | None = None) -> Iterator[tuple[Path, Blob]]:
    """Stream `chunks` to a temporary file; yield its path and digest; remove the file whatever happens.

    Nothing is stored yet: look at the file, then call `keep_blob`.

    Raises:
        TooLargeError: more than `limit_bytes` arrived; reading stops there.
    """
    quarantine = Path(settings.QUARANTINE_DIR)
    quarantine.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=quarantine, prefix="incoming-") as file:
        hasher, size = hashlib.sha256(), 0
        for chunk in chunks:
            size += len(chunk)
            if limit_bytes is not None and size > limit_bytes:
                raise TooLargeError(f"The file is larger than {limit_bytes} bytes, the most that is accepted here.")
            hasher.update(chunk)
            file.write(chunk)
        file.flush()
        yield Path(file.name), Blob(hasher.hexdigest(), size)


def keep_blob(path: Path, blob: Blob) -> None:
    """Store the file at `path` under its digest. Does nothing if those bytes are stored already.

    A write that was interrupted leaves a file of another size; it is replaced.
    """
    name, storage = blob_name(blob.sha256), blob_storage()
    while not (storage.exists(name) and storage.size(name) == blob.size_bytes):
        storage.delete(name)
        with path.open("rb") as file:
            stored_as = storage.save(name, File(file))
        if stored_as != name:  # somebody began to store the same bytes meanwhile: look at theirs
            storage.delete(stored_as)


def blob_of(path: Path, *, beat: Beat = unheard) -> Blob:
    """Return digest and size of the file at `path`, without storing it."""
    with path.open("rb") as file:
        hasher, size = hashlib.sha256(), 0
        while chunk := file.read(CHUNK_BYTES):
            hasher.update(chunk)
            size += len(chunk)
            beat()
    return Blob(hasher.hexdigest(), size)


def store_file(path: Path) -> Blob:
    """Store the file at `path` and return its digest and size."""
    blob = blob_of(path)
    keep_blob(path, blob)
    return blob


def open_blob(sha256: str) -> IO[Any]:
    """Open stored bytes for reading."""
    return blob_storage().open(blob_name(sha256), "rb")


def copy_blob(sha256: str, target: Path, *, beat: Beat = unheard) -> None:
    """Copy stored bytes to `target`, checking them on the way; `target` appears whole or not at all.

    Raises:
        BlobDamagedError: the bytes are not those of the digest.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: a step whose lease was taken over may still be copying to the same target.
    partial, hasher = target.with_name(f".{target.name}.{uuid4().hex}.partial"), hashlib.sha256()
    try:
        with open_blob(sha256) as source, partial.open("wb") as copy:
            while chunk := source.read(CHUNK_BYTES):
                hasher.update(chunk)
                copy.write(chunk)
                beat()
        if hasher.hexdigest() != sha256:
            raise BlobDamagedError(sha256=sha256)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
