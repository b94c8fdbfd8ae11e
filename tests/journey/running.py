"""The demo as a person runs it: in a folder of its own, on a port of its own, up until it is told to end."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from llmops_portal.local import paths
from tests.faults.running import wait_until

WITHIN_S = 1200
ENDS_WITHIN_S = 60
OURS = ("DATABASE_URL", "REDIS_URL", "VAR", "PORT", "DJANGO_SETTINGS_MODULE", "MLFLOW_TRACKING_URI", "PUBLIC_URL")
CLOSING = ("portal up at ", "The demo stopped: ", "The tuned model is not better ")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Demo:
    """`python -m llmops_portal.local demo`, which stays up after its closing table."""

    def __init__(self, folder: Path) -> None:
        self.var, self.url = folder / "var", f"http://127.0.0.1:{(port := free_port())}"
        self._log = folder / "output.log"
        # The other worker of the tests keeps the other core busy.
        threads = {"LOCAL_JOB_THREADS": "1"}
        kept = {name: value for name, value in os.environ.items() if name not in {*OURS, "DEMO_EXIT"}}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "llmops_portal.local", "demo"],
                cwd=paths.CHECKOUT,
                env={**kept, **threads, "VAR": str(self.var), "PORT": str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def has_come_to_its_end(self) -> bool:
        return any(words in self.output for words in CLOSING) or self._process.poll() is not None

    def wait(self) -> None:
        """Wait until the demo has told its story, or why it could not."""
        wait_until(lambda: self.has_come_to_its_end, timeout_s=WITHIN_S, every_s=0.5)

    def password_of(self, name: str) -> str:
        return str(json.loads((paths.secrets(self.var) / "sign_ins.json").read_text())[name])

    def end(self) -> int:
        """Press Ctrl-C, once, and return the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=ENDS_WITHIN_S)


def processes_of(var: Path) -> list[str]:
    """Return the command lines of processes whose environment or arguments name `var`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            named = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it ended meanwhile
            continue
        if str(var).encode() in named:
            found.append(command)
    return found
