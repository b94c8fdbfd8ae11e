"""One portal on this machine: its VAR, its ports, and the environment its processes share."""

import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_portal.local import bytecode, environments, identity, paths
from llmops_portal.local.errors import LocalError

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
PREVIOUS_TIMEOUT_S = 60.0


class SiteError(LocalError):
    """The portal cannot start here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a start is about. `given` is the environment it was started with: a service that it names is not started."""

    var: Path
    port: int
    mlflow_port: int
    given: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where people go."""
        return self.given.get("PUBLIC_URL") or f"http://{HOST}:{self.port}"

    def brings(self, variable: str) -> bool:
        """Must this site start the service itself, since nobody named another one?"""
        return not self.given.get(variable)

    @property
    def starts_mlflow(self) -> bool:
        """Does it start an MLflow server? That keeps its records in the embedded PostgreSQL."""
        return self.brings("MLFLOW_TRACKING_URI") and self.brings("DATABASE_URL")

    def needs_setup(self) -> list[str]:
        """Return the environments that are still to be made."""
        wanted = [*(["mlflow"] if self.starts_mlflow else []), *(["train"] if self.brings("TRAIN_PYTHON") else [])]
        return [name for name in wanted if not environments.is_current(name)]

    def environ(self) -> dict[str, str]:
        """Return the environment of every process, what the person set first."""
        train = environments.ENVIRONMENTS["train"].python
        ours = {
            "DATABASE_URL": paths.database_url(self.var, role=paths.APPLICATION_ROLE),
            "DATABASE_OWNER_URL": paths.database_url(self.var) if self.brings("DATABASE_URL") else "",
            "REDIS_URL": paths.redis_url(self.var),
            "MLFLOW_TRACKING_URI": f"http://{HOST}:{self.mlflow_port}" if self.starts_mlflow else "",
            "PUBLIC_URL": self.url,
            "TRAIN_PYTHON": str(train),
            # glibc keeps an arena for each thread; on a small machine that is memory nobody uses.
            "MALLOC_ARENA_MAX": "2",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "PYTHONUNBUFFERED": "1",
        }
        set_by_person = {name: value for name, value in self.given.items() if value or name not in ours}
        return {
            **ours,
            **set_by_person,
            **bytecode.kept_apart(self.given),
            "VAR": str(self.var),
            "PORT": str(self.port),
        }


@contextlib.contextmanager
def claim(environ: Mapping[str, str] = os.environ) -> Iterator[Site]:
    """Yield the site that the environment describes; nobody else can have it until the block ends.

    Its folders are made, its port is free, and what a killed predecessor left behind has ended.

    Raises:
        SiteError: a portal runs here already, or the port is odd or taken.
        paths.VarError: VAR cannot be written.
    """
    var, port = paths.var_root(environ), _port(environ.get("PORT", ""))
    paths.create(var)
    with (paths.run(var) / "up.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SiteError(f"a portal with VAR={var} runs already: {lock.read()}") from None
        _outlast_previous(var)
        _refuse_taken(port)
        site = Site(var=var, port=port, mlflow_port=_kept_port(paths.run(var) / "mlflow.port"), given=dict(environ))
        lock.truncate(0)
        lock.write(site.url)
        lock.flush()
        yield site


def supervisor_record(var: Path) -> Path:
    """Return the file that names the supervisord of a VAR; see `identity.py`."""
    return paths.run(var) / "supervisord.json"


def _outlast_previous(var: Path) -> None:
    """Wait for the supervisord of a controller that was killed: it is stopping its processes in good order."""
    previous = identity.read(supervisor_record(var))
    if previous is None or not previous.is_alive():
        return
    print("Waiting for the processes of a portal that was killed", flush=True)
    if not identity.wait_all([previous], timeout_s=PREVIOUS_TIMEOUT_S):
        # What it started is tethered to it, and ends with it.
        os.kill(previous.pid, signal.SIGKILL)
        identity.wait_all([previous], timeout_s=PREVIOUS_TIMEOUT_S)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SiteError(
                f"port {port} cannot be used ({error.strerror}); name another: PORT=8001 make up"
            ) from error


def _port(named: str) -> int:
    try:
        port = int(named) if named else DEFAULT_PORT
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise SiteError(f"PORT={named!r} is not a port; use a number from 1 to 65535")
    return port


def _kept_port(kept: Path) -> int:
    """Return the port this VAR used before, so that links stay good, or a free one when it is new or taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(kept.read_text(encoding="ascii"))))
        except (OSError, ValueError):
            probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    kept.write_text(str(port), encoding="ascii")
    return port
