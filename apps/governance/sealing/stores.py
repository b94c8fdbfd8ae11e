"""Where copies of the sealed log are kept outside the database: a folder, or a bucket that lets nobody delete.

Both are laid out as C2SP tlog-tiles says, so any static web server can serve them, with every checkpoint beside:

    checkpoint                      the latest
    checkpoints/x001/234            each one, by the size of its tree
    tile/0/x001/234                 leaf hashes; tile/1/... what is above them; <path>.p/<width> where not full yet

They hold hashes and signatures and nothing of what the events say.
"""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

LATEST = "checkpoint"
TIMEOUT_S = 3


class StoreDownError(Exception):
    """The store did not answer, or refuses for now. Later may help."""


class StoreDisagreesError(Exception):
    """The store holds something else than what should be there. Only a person can mend that."""


class Store(Protocol):
    """A place that keeps what was put there.

    Raises `StoreDownError` when trying later may help, and nothing of its client's own.
    """

    name: str

    def latest(self) -> str | None:
        """Return the latest checkpoint that was kept; None where there is none."""

    def keep(self, path: str, content: bytes, *, for_good: bool) -> None:
        """Keep `content` at `path`; nothing to do if it is there already. `for_good`: nothing will replace it.

        Raises:
            StoreDisagreesError: other bytes are there.
        """

    def drop_partial(self, path: str) -> None:
        """Forget what was kept of the tile at `path` before it was full."""

    def keep_latest(self, note: str) -> None:
        """Make `note` the latest checkpoint, once everything it refers to is kept."""


class FileStore:
    """A folder, best on a disk of another machine. What is written is on the disk before anything refers to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)

    def latest(self) -> str | None:
        kept = self.read(LATEST)
        return None if kept is None else kept.decode("utf-8", "replace")

    def read(self, path: str) -> bytes | None:
        """Return what was kept at `path`; None where there is nothing."""
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreDownError(str(error)) from error

    def keep(self, path: str, content: bytes, *, for_good: bool) -> None:  # noqa: ARG002
        target = self.folder / path
        try:
            if target.exists():
                if target.read_bytes() != content:
                    raise StoreDisagreesError(f"{target} holds something else than this log.")
                return
            _write(target, content)
        except OSError as error:
            raise StoreDownError(str(error)) from error

    def drop_partial(self, path: str) -> None:
        shutil.rmtree(self.folder / f"{path}.p", ignore_errors=True)

    def keep_latest(self, note: str) -> None:
        try:
            _write(self.folder / LATEST, note.encode())
        except OSError as error:
            raise StoreDownError(str(error)) from error


class S3Store:
    """A bucket with object lock: until the retention ends not even its owner can delete or replace what is kept.

    The latest checkpoint and tiles that are not full yet are replaced as the log grows, so they are not locked.
    """

    def __init__(self, bucket: str, *, retention_days: int, client: Any) -> None:
        self.bucket, self.retention_days, self._client = bucket, retention_days, client
        self.name = f"s3://{bucket}"

    def latest(self) -> str | None:
        kept = self._get(LATEST)
        return None if kept is None else kept.decode("utf-8", "replace")

    def keep(self, path: str, content: bytes, *, for_good: bool) -> None:
        locked: dict[str, Any] = {}
        if for_good:
            until = datetime.now(UTC) + timedelta(days=self.retention_days)
            locked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        try:
            self._put(path, content, IfNoneMatch="*", **locked)
        except _AlreadyThereError:
            if self._get(path) != content:
                raise StoreDisagreesError(f"{self.name}/{path} holds something else than this log.") from None

    def drop_partial(self, path: str) -> None:
        """Leave it: a rule of the bucket expires old `.p/` objects more cheaply than a request for each."""

    def keep_latest(self, note: str) -> None:
        self._put(LATEST, note.encode(), ContentType="text/plain; charset=utf-8")

    def _get(self, path: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=path)
            return bytes(answer["Body"].read())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise StoreDownError(f"{self.name}: {error}") from error
        except BotoCoreError as error:
            raise StoreDownError(f"{self.name}: {error}") from error

    def _put(self, path: str, content: bytes, **more: Any) -> None:
        try:
            self._client.put_object(Bucket=self.bucket, Key=path, Body=content, **more)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "PreconditionFailed":
                raise _AlreadyThereError from None
            raise StoreDownError(f"{self.name}: {error}") from error
        except BotoCoreError as error:
            raise StoreDownError(f"{self.name}: {error}") from error


class _AlreadyThereError(Exception):
    pass


def s3_client(*, endpoint_url: str | None, access_key: str | None, secret_key: str | None) -> Any:
    """Return a client that gives up soon: the log goes on without a bucket, and comes back to it."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"total_max_attempts": 1}),
    )


def _write(target: Path, content: bytes) -> None:
    """Put `content` at `target`, whole or not at all, and on the disk when this returns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial = Path(file.name)
    partial.chmod(0o644)
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
