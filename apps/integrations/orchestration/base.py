"""What the portal needs of a place where processes run, in its own words.

A process bears a name that is derived from the row that wants it. Whatever is called twice, at once, late, or by a
worker that is killed between any two lines: there is at most one process of a name, ever.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from apps.core.errors import ConflictError, UnavailableError

NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


class HostUnavailableError(UnavailableError):
    """Processes cannot be started or looked at now; trying again later may help."""

    code = "orchestration.host_unavailable"
    message = "The place where '{name}' should run cannot be reached: {why}."


class StillRunningError(ConflictError):
    code = "orchestration.still_running"
    message = "'{name}' still runs. Stop it and wait until it has ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process to be started.

    Attributes:
        name: DNS-1123 label: lower case, digits and '-', at most 63 characters.
        argv: program (an absolute path) and arguments; no shell is involved.
        env: variables of the process, beside the few harmless ones that every process gets (PATH, HOME, LANG ...);
            nothing else of the portal's own environment reaches it.
        files: small files that lie in its folder before it starts, by relative path.
        niceness: 0 to 19; the higher, the more it leaves the processors to everything else.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    niceness: int = 0


class ProcessState(StrEnum):
    ABSENT = "absent"  # never launched, or the launch came to nothing: launch it
    STARTING = "starting"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is seen of a process.

    Attributes:
        exit_code: of a process that ended by itself.
        signal: that ended it, such as 9.
        error: why it could not be started; empty when it was.
        None of the three is known when the machine went down, or when what watched over the process was killed.
    """

    state: ProcessState
    exit_code: int | None = None
    signal: int | None = None
    error: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def vanished(self) -> bool:
        """It ended and nobody saw how."""
        return self.state == ProcessState.EXITED and self.exit_code is None and self.signal is None and not self.error


class ProcessHost(Protocol):
    """Where processes run, each in a folder of its own.

    Raises `HostUnavailableError` where trying later may help, and nothing of its system's own.
    """

    def launch(self, spec: ProcessSpec) -> None:
        """Start the process; do nothing if one of that name was ever started, or was stopped before it could be.

        A launch that was killed half-way may leave it absent. Look with `observe`, and launch what is absent again.
        """

    def observe(self, name: str) -> Observation:
        """Return what is seen of it now."""

    def stop(self, name: str, grace_s: float = 10.0) -> None:
        """Ask it to end (SIGTERM), and `grace_s` seconds later make it (SIGKILL). Returns at once; look with `observe`.

        A name that was never launched can no longer be. Call it again as often as you like.
        """

    def folder(self, name: str) -> Path:
        """Return the folder it works in, made if need be. Lay large input files there before `launch`."""

    def log_from(self, name: str, offset: int) -> tuple[bytes, int]:
        """Return what it has printed from byte `offset` on (256 KiB at most), and the offset to go on from."""

    def log_tail(self, name: str, lines: int) -> str:
        """Return its last lines, as text that can be kept; "" when there are none."""

    def forget(self, name: str) -> None:
        """Remove its folder and all memory of it.

        Raises:
            StillRunningError: it has not ended.
        """
