"""Where everything of one running portal lies.

A portal's state is one folder, VAR (`./var` unless the environment names another). Whoever knows that folder can find
its services, so `manage.py` started by hand talks to the same database as `make up`. Only the standard library is
used: the settings import this before anything else.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from llmops_portal.local.errors import LocalError

CHECKOUT = Path(__file__).resolve().parents[2]

# A Unix socket's path has 108 bytes on Linux and 104 on macOS, closing zero included.
LONGEST_SOCKET_BYTES = 99
LONGEST_SOCKET_NAME = "postgres/.s.PGSQL.5432"

# Who owns the tables and migrates them; and who the portal runs as, who can add to the audit trail and not alter it.
OWNER_ROLE = "llmops"
APPLICATION_ROLE = "llmops_app"


class VarError(LocalError):
    """VAR cannot be used."""


def var_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Return VAR as an absolute path: the variable of that name, or `var` in the checkout."""
    named = environ.get("VAR", "")
    return Path(named).expanduser().resolve() if named else CHECKOUT / "var"


def storage(var: Path) -> Path:
    """Files of models and datasets."""
    return var / "storage"


def spool(var: Path) -> Path:
    """What the gateway recorded and has not shipped yet."""
    return var / "spool"


def logs(var: Path) -> Path:
    """One log for each process."""
    return var / "log"


def secrets(var: Path) -> Path:
    """Keys made on this machine; mode 0700."""
    return var / "secrets"


def postgres_data(var: Path) -> Path:
    """The embedded PostgreSQL's data directory."""
    return var / "pg"


def mlflow_artifacts(var: Path) -> Path:
    """What runs log to the local MLflow server."""
    return var / "mlflow-artifacts"


def detached(var: Path) -> Path:
    """One folder for each training or serving process that outlives a worker: `<name>/pid`, see `detached.py`."""
    return var / "run" / "detached"


def run(var: Path) -> Path:
    """Locks and process ids; mode 0700."""
    return var / "run"


def sockets(var: Path) -> Path:
    """The folder of the Unix sockets: `run(var)`, or where its path is too long one below /tmp that is VAR's own."""
    if len(os.fsencode(run(var) / LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_BYTES:
        return run(var)
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:16]
    # Not tempfile.gettempdir(): with another TMPDIR a second process would look elsewhere. `create` checks the owner.
    return Path("/tmp") / f"llmops-{os.geteuid()}-{digest}"  # noqa: S108


def postgres_sockets(var: Path) -> Path:
    """The folder in which the embedded PostgreSQL puts its socket."""
    return sockets(var) / "postgres"


def redis_socket(var: Path) -> Path:
    """The socket of the embedded Redis."""
    return sockets(var) / "redis.sock"


def portal_socket(var: Path) -> Path:
    """Where the portal listens; the gateway passes to it what is not its own."""
    return sockets(var) / "portal.sock"


def supervisor_socket(var: Path) -> Path:
    """Where supervisord takes orders."""
    return sockets(var) / "supervisor.sock"


def database_url(var: Path, *, database: str = "llmops", role: str = OWNER_ROLE) -> str:
    """Return the URL of a database of the embedded PostgreSQL, as libpq, Django and SQLAlchemy read it."""
    return f"postgresql://{role}@/{database}?host={quote(str(postgres_sockets(var)))}"


def redis_url(var: Path, *, database: int = 0) -> str:
    """Return the URL of the embedded Redis as redis-py reads it; for Celery see `broker_url`."""
    return f"unix://{quote(str(redis_socket(var)))}?db={database}"


def broker_url(redis: str) -> str:
    """Return a Redis URL in Celery's spelling, which differs for Unix sockets only."""
    if not redis.startswith("unix://"):
        return redis
    return redis.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


def create(var: Path) -> None:
    """Make VAR and its folders; safe to repeat.

    Raises:
        VarError: a folder cannot be made or written, or the socket folder below /tmp belongs to someone else.
    """
    try:
        for folder in (storage(var), spool(var), logs(var), mlflow_artifacts(var)):
            folder.mkdir(parents=True, exist_ok=True)
        for private in (secrets(var), run(var), detached(var), sockets(var)):
            private.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_foreign(sockets(var))
        (run(var) / "writable").touch()
    except OSError as error:
        raise VarError(
            f"cannot write {error.filename} ({error.strerror}); name a folder of yours: VAR=/some/folder make up"
        ) from error


def _refuse_foreign(folder: Path) -> None:
    """Refuse a socket folder that another person could have prepared."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise VarError(f"{folder} belongs to someone else; remove it, or name a VAR with a shorter path")
    folder.chmod(0o700)
