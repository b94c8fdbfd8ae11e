"""Processes on this machine: each detached, in a folder of its own, kept by a small `keeper.py` of its own."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.core.text import kept_text
from apps.integrations.orchestration import keeper
from apps.integrations.orchestration.base import (
    NAME,
    HostUnavailableError,
    Observation,
    ProcessSpec,
    ProcessState,
    StillRunningError,
)

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
LOG_CHUNK_BYTES = 256 * 1024
KEEPER_START_TIMEOUT_S = 20.0


class LocalProcessHost:
    """A `ProcessHost` below one folder.

    Args:
        root: holds one folder for each process.
        records: holds one folder for each running process, by which the supervisor finds it.
    """

    def __init__(self, root: Path, records: Path) -> None:
        self.root, self.records = root, records

    def launch(self, spec: ProcessSpec) -> None:
        inner = self.folder(spec.name) / keeper.INNER
        with self._door(spec.name, fcntl.LOCK_EX):
            if self._look(inner).state != ProcessState.ABSENT:
                return
            for path, content in spec.files.items():
                _write_file(self.folder(spec.name), path, content)
            command = {"argv": list(spec.argv), "env": _environment(spec), "niceness": spec.niceness}
            keeper.write_json(inner / keeper.COMMAND, command)
            self._start_keeper(spec.name)

    def observe(self, name: str) -> Observation:
        inner = self._path(name) / keeper.INNER
        if not inner.exists():
            return Observation(state=ProcessState.ABSENT)
        with self._door(name, fcntl.LOCK_SH):
            return self._look(inner)

    def stop(self, name: str, grace_s: float = 10.0) -> None:
        inner = self.folder(name) / keeper.INNER
        with self._door(name, fcntl.LOCK_EX):
            if (inner / keeper.EXIT).exists():
                return
            if not (inner / keeper.STOP).exists():
                keeper.write_json(inner / keeper.STOP, {"grace_s": grace_s, "asked_at": time.time()})
            if not _is_held(inner / keeper.KEEPER):
                self._stop_orphan(inner)

    def folder(self, name: str) -> Path:
        path = self._path(name)
        with _translated(name):
            (path / keeper.INNER).mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def log_from(self, name: str, offset: int) -> tuple[bytes, int]:
        try:
            with (self._path(name) / keeper.LOG).open("rb") as log:
                log.seek(offset)
                found = log.read(LOG_CHUNK_BYTES)
        except FileNotFoundError:
            return b"", offset
        return found, offset + len(found)

    def log_tail(self, name: str, lines: int) -> str:
        try:
            with (self._path(name) / keeper.LOG).open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - LOG_CHUNK_BYTES))
                text = log.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return kept_text("\n".join(text.splitlines()[-lines:]))

    def forget(self, name: str) -> None:
        if self.observe(name).state in (ProcessState.STARTING, ProcessState.RUNNING):
            raise StillRunningError(name=name)
        with _translated(name):
            for path in (self._path(name), self.records / name):
                shutil.rmtree(path, ignore_errors=not path.exists())

    def _path(self, name: str) -> Path:
        if not NAME.match(name):
            raise ValueError(f"{name!r} is no name of a process: lower case, digits and '-', at most 63 characters.")
        return self.root / name

    @contextlib.contextmanager
    def _door(self, name: str, mode: int) -> Iterator[None]:
        """Keep starting a keeper and looking at its locks apart: to look at a lock is to hold it for a moment."""
        with _translated(name), (self._path(name) / keeper.INNER / keeper.DOOR).open("a") as door:
            fcntl.flock(door, mode)
            yield

    def _look(self, inner: Path) -> Observation:
        # The lock before the files: a process that ends meanwhile is seen running, and as ended by the next look.
        lives = _is_held(inner / keeper.LIFE)
        started, ended = keeper.read_json(inner / keeper.STARTED), keeper.read_json(inner / keeper.EXIT)
        started_at = _moment(started, "started_at")
        if ended is not None:
            return Observation(
                state=ProcessState.EXITED,
                exit_code=ended["exit_code"],
                signal=ended["signal"],
                error=ended["error"],
                started_at=started_at,
                finished_at=_moment(ended, "finished_at"),
            )
        if lives:
            state = ProcessState.RUNNING if started and started["pid"] else ProcessState.STARTING
            return Observation(state=state, started_at=started_at)
        if started is not None:
            return Observation(state=ProcessState.EXITED, started_at=started_at)
        if (inner / keeper.STOP).exists():
            return Observation(state=ProcessState.EXITED, error="It was stopped before it started.")
        return Observation(state=ProcessState.ABSENT)

    def _start_keeper(self, name: str) -> None:
        command = [sys.executable, "-I", "-S", keeper.__file__, str(self._path(name)), str(self.records / name)]
        with (self._path(name) / keeper.LOG).open("ab") as log:
            try:
                subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    timeout=KEEPER_START_TIMEOUT_S,
                    check=True,
                )
            except subprocess.SubprocessError as error:
                raise HostUnavailableError(name=name, why=f"its keeper did not start ({error})") from error

    def _stop_orphan(self, inner: Path) -> None:
        """Stop a process whose keeper was killed.

        Its number cannot have gone to another process: it leads a process group, some member of which still holds the
        life lock, and the kernel gives no new process the number of a group that has members.
        """
        started, stop = keeper.read_json(inner / keeper.STARTED), keeper.read_json(inner / keeper.STOP)
        if not started or not started["pid"] or not stop or not _is_held(inner / keeper.LIFE):
            return
        patient = time.time() < stop["asked_at"] + stop["grace_s"]
        keeper.signal_group(started["pid"], signal.SIGTERM if patient else signal.SIGKILL)


def _is_held(lock: Path) -> bool:
    try:
        file = lock.open("r+")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _environment(spec: ProcessSpec) -> dict[str, str]:
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(spec.env)


def _write_file(folder: Path, path: str, content: bytes) -> None:
    target = (folder / path).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ValueError(f"{path!r} lies outside of the folder of the process.")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    partial.write_bytes(content)
    partial.replace(target)


def _moment(kept: dict[str, Any] | None, name: str) -> datetime | None:
    return datetime.fromisoformat(kept[name]) if kept and kept.get(name) else None


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn what the operating system says of a folder into our own refusal."""
    try:
        yield
    except OSError as error:
        raise HostUnavailableError(name=name, why=f"{error.filename}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise HostUnavailableError(name=name, why=f"its records are damaged ({error})") from error
