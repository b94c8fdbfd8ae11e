"""The portal's own processes, started as in production and killed as in bad luck."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

READY_TIMEOUT_S = 60


def database_url() -> str:
    """Return the URL of the database that this test uses: that of the session, with the name of the test's."""
    known = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(known._replace(path=f"/{connection.settings_dict['NAME']}"))


class PortalProcess:
    """One process of the portal that can be killed and started again.

    Args:
        arguments: of the Python that runs the tests, such as ("-m", "celery", ...).
        folder: where its output goes.
        environment: beside that of the tests.
    """

    def __init__(self, name: str, arguments: tuple[str, ...], folder: Path, environment: dict[str, str]) -> None:
        self.name, self.arguments, self.log = name, arguments, folder / f"{name}.log"
        self.environment = {**os.environ, "DATABASE_URL": database_url(), "LOG_FORMAT": "json", **environment}
        self.popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, *self.arguments],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it and all its children at once, with nothing tidied up."""
        if self.popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
            self.popen = None


@contextlib.contextmanager
def running(*processes: PortalProcess) -> Iterator[None]:
    """Run the processes for as long as the test lasts; their logs are shown when it fails."""
    try:
        for process in processes:
            process.start()
        yield
    except BaseException:
        for process in processes:
            sys.stderr.write(f"--- {process.name}\n{process.log.read_text(errors='replace')[-4000:]}\n")
        raise
    finally:
        for process in processes:
            process.kill()


def wait_until(holds: Callable[[], Any], *, timeout_s: float, every_s: float = 0.05) -> Any:
    """Wait, and do nothing else, until something holds; return it."""
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, f"it did not come true in {timeout_s:.0f} s"
        time.sleep(every_s)
    return found


class Client:
    """Calls the portal's API over its Unix socket."""

    def __init__(self, path: Path, token: str) -> None:
        self.path, self.token = path, token

    def call(self, method: str, url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and data.

        Raises:
            OSError, http.client.HTTPException: nobody answers, or whoever did was killed.
        """
        connected = http.client.HTTPConnection("portal")
        connected.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.sock.settimeout(30)
            connected.sock.connect(str(self.path))
            sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            connected.request(method, f"/llm-ops/v1/{url}", json.dumps(body), sent | headers)
            answer = connected.getresponse()
            return answer.status, json.loads(answer.read())["data"]
        finally:
            connected.close()

    def patiently(self, method: str, url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Call again and again until somebody answers."""

        def attempt() -> tuple[int, Any] | None:
            try:
                return self.call(method, url, body, **headers)
            except (OSError, http.client.HTTPException):
                return None

        return wait_until(attempt, timeout_s=READY_TIMEOUT_S, every_s=0.2)
