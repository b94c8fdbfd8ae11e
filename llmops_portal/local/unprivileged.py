"""Programs that root may not be, and programs that must not outlive their parent: what setpriv (util-linux) does.

PostgreSQL refuses to run as root, yet containers often know no other user. It then runs as `nobody`. When a folder
above it is closed to that user (a checkout in /root), it also gets the one capability that opens folders, instead of
loosening the folder's mode, which is not ours to change.
"""

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

USER = "nobody"

# Bits of CAP_* in linux/capability.h; the weaker is tried first. Containers often lack it in their bounding set.
OPENING_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))


def owner() -> tuple[int, int] | None:
    """Return user and group id for files of a program that may not be root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(USER)
    return entry.pw_uid, entry.pw_gid


def tethered(command: list[str], *, signal: str = "TERM") -> list[str]:
    """Return `command` so that Linux sends it `signal` when the process that started it dies, however it dies."""
    if shutil.which("setpriv") is None:
        return command
    return ["setpriv", "--pdeathsig", signal, "--", *command]


def as_nobody(command: list[str], *, reading: Iterable[Path], signal: str | None = None) -> list[str]:
    """Return `command` so that it runs as `USER` when we are root, and unchanged (but tethered) when we are not.

    Args:
        command: absolute path of the program, and its arguments.
        reading: what it must reach; decides whether it needs a capability to get there.
        signal: what it gets when its parent dies; None lets it live on.
    """
    ids = owner()
    if ids is None:
        return command if signal is None else tethered(command, signal=signal)
    setpriv = ["setpriv", f"--reuid={ids[0]}", f"--regid={ids[1]}", "--clear-groups"]
    if any(_is_closed(path) for path in reading):
        capability = _opening_capability()
        # access(2), with which PostgreSQL looks for itself, forgets capabilities unless this bit is set.
        setpriv += [
            "--securebits=+no_setuid_fixup",
            f"--inh-caps=-all,+{capability}",
            f"--ambient-caps=-all,+{capability}",
        ]
    if signal is not None:
        setpriv += ["--pdeathsig", signal]
    return [*setpriv, "--", *command]


def _is_closed(path: Path) -> bool:
    return any(not parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _opening_capability() -> str:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    bounding = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))
    for name, bit in OPENING_CAPABILITIES:
        if bounding & (1 << bit):
            return name
    return OPENING_CAPABILITIES[-1][0]
