"""Telling a process from a later one that was given the same number.

A record is a file with the JSON object `{"pid", "pgid", "started_at"}`; `started_at` is field 22 of /proc/PID/stat: the
clock ticks from the start of the machine to that of the process. Where there is no /proc, no record is believed.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, once."""

    pid: int
    pgid: int
    started_at: int

    def is_alive(self) -> bool:
        """Does it still run? One that waits to be collected by its parent does not."""
        found = _stat(self.pid)
        return found is not None and found[0] != "Z" and int(found[19]) == self.started_at

    def signal_group(self, kind: signal.Signals) -> None:
        """Send a signal to it and its group, if it still runs."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pgid, kind)

    def write(self, path: Path) -> None:
        """Record it, all or nothing."""
        partial = path.with_name(f"{path.name}.part")
        partial.write_text(json.dumps(asdict(self)), encoding="ascii")
        partial.rename(path)


def identify(pid: int) -> Identity | None:
    """Return who has the number `pid` now."""
    found = _stat(pid)
    return None if found is None else Identity(pid=pid, pgid=int(found[2]), started_at=int(found[19]))


def read(path: Path) -> Identity | None:
    """Return who is recorded in a file; None when there is no such file.

    Raises:
        ValueError: it is not a record.
    """
    try:
        kept = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    try:
        return Identity(pid=int(kept["pid"]), pgid=int(kept["pgid"]), started_at=int(kept["started_at"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a record of a process") from error


def wait_all(processes: Iterable[Identity], *, timeout_s: float) -> bool:
    """Wait until none of them runs; False when some still do after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    for process in processes:
        while process.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return True


def end_all(processes: Collection[Identity], *, patience_s: float) -> None:
    """End them with their groups: ask all first, and after `patience_s` insist."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            process.signal_group(kind)
        if wait_all(processes, timeout_s=patience_s):
            return


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the third (state) on: the second may hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
