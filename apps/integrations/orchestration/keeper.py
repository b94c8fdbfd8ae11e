"""Keeps one detached process: starts it once, waits for it, writes down how it ended.

    python keeper.py FOLDER RECORD      returns once a keeper holds the life lock, or if one has ever held it

Below FOLDER/.process lie
    command.json   argv, env and niceness, written by the launcher
    started.json   {"started_at", "pid"}; written without pid just before the start: from then on nobody starts another
    stop.json      {"grace_s"}: it is to end; without started.json it never starts
    exit.json      {"exit_code", "signal", "error", "finished_at"}
    life.lock      held by the keeper and by the process itself: it tells that something lives, without process numbers
    keeper.lock    held by the keeper alone: where it is free and the life lock is not, the process is an orphan
    door.lock      held while a keeper is being started, and while somebody looks at the other two

RECORD is a folder in which `pid` tells the supervisor which processes to end when the whole portal is stopped.
Only the standard library is used, and nothing of the portal: this runs under `python -I -S`.
"""

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

INNER = ".process"
LOG = "log.txt"
COMMAND, STARTED, STOP, EXIT = "command.json", "started.json", "stop.json", "exit.json"
LIFE, KEEPER, DOOR = "life.lock", "keeper.lock", "door.lock"
LOOK_EVERY_S = 0.25


def now() -> str:
    return datetime.now(UTC).isoformat()


def write_json(path: Path, value: object) -> None:
    """Put `value` at `path`: the whole of it, or (after a crash) nothing of it."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return what lies at `path`, or None when nothing does."""
    try:
        return dict(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def taken(path: Path) -> int | None:
    """Take the lock at `path` and return its file descriptor; None when somebody has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def start_ticks(pid: int) -> int:
    """Return when a process started, in clock ticks since the machine did; 0 where there is no /proc."""
    try:
        return int(
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
        )
    except (FileNotFoundError, ProcessLookupError):
        return 0


def signal_group(pid: int, kind: int) -> None:
    """Send a signal to the process group that `pid` leads, if there is one."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, kind)


class Keeper:
    """One process and its keeping."""

    def __init__(self, folder: Path, record: Path, life: int) -> None:
        self.folder, self.inner, self.record, self.life = folder, folder / INNER, record, life
        self.told_to_stop = False
        self.kill_at: float | None = None
        self.waking = _wakeups()
        signal.signal(signal.SIGTERM, self._on_term)

    def keep(self) -> None:
        """Start the process, wait until it has ended, and write down how."""
        if self._grace_s() is not None:
            self._write_exit(error="It was stopped before it started.")
            return
        write_json(self.inner / STARTED, {"started_at": now(), "pid": None})
        try:
            child = self._start()
        except OSError as error:
            self._write_exit(error=f"{error.filename or 'The program'}: {error.strerror}")
            return
        except subprocess.SubprocessError as error:
            self._write_exit(error=str(error))
            return
        self._wait(child)
        # What the process left behind in its group ends with it.
        signal_group(child.pid, signal.SIGKILL)
        code = child.returncode
        self._write_exit(exit_code=code if code >= 0 else None, signal=-code if code < 0 else None)

    def _start(self) -> subprocess.Popen[bytes]:
        command = read_json(self.inner / COMMAND)
        assert command is not None, "the launcher writes it before it starts the keeper"  # noqa: S101
        with (self.folder / LOG).open("ab") as log:
            return subprocess.Popen(
                command["argv"],
                cwd=self.folder,
                env=command["env"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(self.life,),
                preexec_fn=lambda: self._become(command.get("niceness", 0)),  # noqa: PLW1509  # there are no threads here
            )

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        while child.poll() is None:
            select.select([self.waking], [], [], LOOK_EVERY_S)
            with contextlib.suppress(BlockingIOError):
                os.read(self.waking, 512)
            self._stop_if_told(child.pid)

    def _stop_if_told(self, pid: int) -> None:
        grace_s = self._grace_s()
        if grace_s is None:
            return
        if self.kill_at is None:
            signal_group(pid, signal.SIGTERM)
            self.kill_at = time.monotonic() + grace_s
        elif time.monotonic() > self.kill_at:
            signal_group(pid, signal.SIGKILL)

    def _grace_s(self) -> float | None:
        """Return how long the process may take to end, or None while nobody wants it to."""
        stop = read_json(self.inner / STOP)
        if stop is not None:
            return float(stop["grace_s"])
        return 10.0 if self.told_to_stop else None

    def _on_term(self, _signal: int, _frame: object) -> None:
        self.told_to_stop = True

    def _become(self, niceness: int) -> None:
        """Record the process; called in it, before it becomes the program: a keeper killed now leaves no stranger."""
        os.nice(niceness)
        pid = os.getpid()
        # Recorded before it is said to run: whoever sees it running can rely on the supervisor to end it.
        self.record.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(self.record / "pid", {"pid": pid, "pgid": pid, "started_at": start_ticks(pid)})
        write_json(self.inner / STARTED, {"started_at": now(), "pid": pid})

    def _write_exit(self, *, exit_code: int | None = None, signal: int | None = None, error: str = "") -> None:
        ended = {"exit_code": exit_code, "signal": signal, "error": error, "finished_at": now()}
        write_json(self.inner / EXIT, ended)
        shutil.rmtree(self.record, ignore_errors=True)


def _wakeups() -> int:
    """Return a descriptor that becomes readable when a child ends or a signal comes."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    return reading


def main(folder: Path, record: Path) -> None:
    inner = folder / INNER
    life = taken(inner / LIFE)
    if life is None or (inner / STARTED).exists() or (inner / EXIT).exists():
        return
    held = taken(inner / KEEPER)
    assert held is not None, "whoever holds this lock holds the life lock too"  # noqa: S101
    if os.fork():
        # The locks live on in the child, so the launcher finds them held when this process ends.
        os._exit(0)
    os.setsid()
    Keeper(folder, record, life).keep()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
