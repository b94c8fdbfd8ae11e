"""Keep the services of the tests running for as long as somebody needs them, and not longer.

Sessions of pytest hold a shared lock on `FOLDER/users.lock`; the keeper waits for an exclusive one and then stops what
it started. The kernel drops the locks of a killed session, so a crash leaves nothing running.

    python -m llmops_portal.local.keeper FOLDER      returns when the services answer
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from llmops_portal.local import paths, redis
from llmops_portal.local.errors import LocalError
from llmops_portal.local.postgres import Cluster

START_TIMEOUT_S = 30.0


class KeeperError(LocalError):
    """The services of the tests did not start."""


def cluster(folder: Path) -> Cluster:
    """Return the tests' PostgreSQL, whose data a power cut may destroy."""
    return Cluster(data=folder / "pg", sockets=paths.postgres_sockets(folder), durable=False)


@contextlib.contextmanager
def held(lock: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file, waiting for it as long as it takes."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def is_running(folder: Path) -> bool:
    """Does a keeper keep this folder's services?"""
    with (folder / "keeper.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def start(folder: Path) -> list[subprocess.Popen[bytes]]:
    """Start PostgreSQL and Redis and return their processes, in the order in which to stop them.

    Raises:
        KeeperError: one of them does not answer in time, even with fresh data.
    """
    log = paths.logs(folder) / "services.log"
    database = cluster(folder)
    with log.open("ab") as output:

        def spawn(command: list[str], is_ready: Callable[[], bool]) -> subprocess.Popen[bytes] | None:
            process = subprocess.Popen(command, cwd="/", stdout=output, stderr=output, start_new_session=True)
            return process if answers(process, is_ready) else None

        database.initialise()
        postgres = spawn(database.command(), database.is_ready)
        if postgres is None:
            # A power cut may have destroyed it (`durable=False`), and nothing in it is worth keeping.
            shutil.rmtree(database.data)
            database.initialise()
            postgres = spawn(database.command(), database.is_ready)
        socket = paths.redis_socket(folder)
        broker = spawn(redis.command(socket), lambda: redis.is_ready(socket))
    started = [process for process in (broker, postgres) if process is not None]
    if len(started) < 2:
        stop(started)
        raise KeeperError(f"the services of the tests did not start; see {log}")
    return started


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Stop them in order and wait until they are gone."""
    for process in processes:
        process.send_signal(2)
        process.wait()


def answers(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> bool:
    """Wait until a process is ready; False, and it is ended, when it is not in time."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready():
            return True
        time.sleep(0.02)
    process.kill()
    process.wait()
    return False


def _keep(folder: Path, ready: int) -> None:
    """Be the keeper: start the services, say so through the pipe `ready`, wait for the last user, stop them."""
    os.setsid()
    with held(folder / "keeper.lock"):
        services = start(folder)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.write(ready, b"+")
        os.close(ready)
        with held(folder / "users.lock"):
            stop(services)


def main() -> int:
    """Start a keeper in the background; 0 when its services answer."""
    folder = Path(sys.argv[1])
    paths.create(folder)
    listening, ready = os.pipe()
    if os.fork() == 0:
        os.close(listening)
        _keep(folder, ready)
        os._exit(0)
    os.close(ready)
    return 0 if os.read(listening, 1) else 1


if __name__ == "__main__":
    sys.exit(main())
