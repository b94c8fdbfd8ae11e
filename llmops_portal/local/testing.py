"""A pytest plugin that gives the tests their PostgreSQL, Redis and VAR, unless DATABASE_URL names a database.

Sessions in one checkout share the servers (`keeper.py`), also when they run at the same time; each takes a number that
no other session has, and with it a database, a Redis database and a VAR of its own. Each worker of pytest-xdist is such
a session: two workers with one broker would take each other's messages.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import redis

from llmops_portal.local import keeper, paths

SESSIONS = 32
BORROWED = "TEST_SERVICES_BORROWED"  # told to the workers of pytest-xdist: DATABASE_URL is ours, not the caller's


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Start the services before pytest-django reads the settings; a wrapper runs before every plain hook."""
    if not os.environ.get("DATABASE_URL") or os.environ.get(BORROWED):
        resources = contextlib.ExitStack()
        early_config.add_cleanup(resources.close)
        os.environ.update(borrow(resources))
    return (yield)


def _folder() -> Path:
    return paths.CHECKOUT / ".cache" / "test-services"


def borrow(resources: contextlib.ExitStack) -> dict[str, str]:
    """Return the environment of one session, its services running until `resources` is closed."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    number = _number(folder, resources)
    with keeper.held(folder / "start.lock"):
        resources.enter_context(keeper.held(folder / "users.lock", shared=True))
        if not keeper.is_running(folder):
            started = subprocess.run(
                [sys.executable, "-m", "llmops_portal.local.keeper", str(folder)],
                cwd=paths.CHECKOUT,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            if started.returncode != 0:
                raise pytest.UsageError(f"The services of the tests did not start.\n{started.stderr}")
        keeper.cluster(folder).create_databases(f"llmops_{number}")
    var = folder / f"var-{number}"
    shutil.rmtree(var, ignore_errors=True)
    paths.create(var)
    with redis.Redis(unix_socket_path=str(paths.redis_socket(folder)), db=number) as client:
        client.flushdb()
    return {
        "DATABASE_URL": paths.database_url(folder, database=f"llmops_{number}"),
        "REDIS_URL": paths.redis_url(folder, database=number),
        "VAR": str(var),
        BORROWED: "1",
    }


def _number(folder: Path, resources: contextlib.ExitStack) -> int:
    for number in range(SESSIONS):
        lock = resources.enter_context((folder / f"session-{number}.lock").open("w"))
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number
    raise pytest.UsageError(f"{SESSIONS} sessions of tests run in this checkout already.")
