"""The spool: one JSON line for each request, in files that a crash of the gateway or of the database cannot lose.

A line is written when `append` returns, so a kill -9 right after loses nothing; `sync_and_close` puts it on the disk.
"""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from apps.gateway.calls.budgets import SpoolPlace
from apps.gateway.errors import NotRecordingError

log = structlog.get_logger(__name__)


class Spool:
    """Appends lines to the current spool file of this process. For use in one thread.

    Args:
        segment_max_bytes, segment_max_age_s: when a file is closed and the next one begun.
        write: `os.write`, or what stands in for it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        segment_max_bytes: int,
        segment_max_age_s: float,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self._folder = folder
        self._max_bytes = segment_max_bytes
        self._max_age_s = segment_max_age_s
        self._write = write
        self._descriptor = -1
        self._backlog = b""
        self.file = ""
        self.end = 0
        self.own_files: set[str] = set()

    def open(self) -> None:
        """Begin a file; it bears its name only once it is locked, so nobody takes it for a closed one.

        Raises:
            OSError: the folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"requests-{os.getpid()}-{time.time_ns()}.jsonl"
        hidden = self._folder / f".{name}"
        descriptor = os.open(hidden, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        self.own_files.add(name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            hidden.rename(self._folder / name)
        except OSError:
            os.close(descriptor)
            hidden.unlink(missing_ok=True)
            self.own_files.discard(name)
            raise
        self._descriptor, self.file, self.end = descriptor, name, 0
        self._begun_at = time.monotonic()

    def append(self, line: bytes) -> SpoolPlace:
        """Write one line and return where it ends. A full disk keeps it in memory for the next try."""
        if not self._backlog and self._is_due:
            self._begin_next()
        self.end += len(line)
        self._backlog += line
        self.flush()
        return SpoolPlace(self.file, self.end)

    def flush(self) -> bool:
        """Write what could not be written before; tell whether everything is written now."""
        try:
            while self._backlog:
                # A short write leaves the rest of a line to be written first of all: lines never mix.
                self._backlog = self._backlog[self._write(self._descriptor, self._backlog) :]
        except OSError as error:
            log.warning("spool.not_written", error=str(error), waiting_bytes=len(self._backlog))
            return False
        return True

    def refuse_unless_writing(self) -> None:
        """Refuse to begin what could not be recorded.

        Raises:
            NotRecordingError: there is no file, or lines wait in memory and cannot be written.
        """
        if self._descriptor < 0 or not self.flush():
            raise NotRecordingError(retry_after_s=10)

    def duplicate(self) -> int:
        """Return a descriptor of the current file for `sync_and_close`, which may run in another thread."""
        return os.dup(self._descriptor)

    def close(self) -> None:
        """End the current file, so that it can be removed once it is taken over."""
        if self._descriptor >= 0:
            self.flush()
            ended, self._descriptor = self._descriptor, -1
            sync_and_close(ended)

    def _begin_next(self) -> None:
        """Begin the next file and end the current one; while there can be no next one, the current one goes on."""
        ended = self._descriptor
        try:
            self.open()
            sync_and_close(ended)
        except OSError as error:
            log.warning("spool.file_not_changed", error=str(error), file=self.file)

    @property
    def waiting_bytes(self) -> int:
        """Of lines that could not be written yet."""
        return len(self._backlog)

    @property
    def _is_due(self) -> bool:
        return self.end > 0 and (self.end >= self._max_bytes or time.monotonic() - self._begun_at > self._max_age_s)


def sync_and_close(descriptor: int) -> None:
    """Put what a file holds on the disk."""
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
