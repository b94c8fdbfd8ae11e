"""A portal is started, hurt and stopped for real; what it consists of is a stand-in (`stand_in.py`)."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from llmops_portal.local import identity, supervisord
from llmops_portal.local.tests import stand_in

pytestmark = pytest.mark.slow

PATIENCE_S = 120


class Portal:
    """One `python -m llmops_portal.local up` in a stand-in checkout."""

    def __init__(self, checkout: Path, *, var: Path, port: int, command: str = "up", **environ: str):
        self.var, self.port = var, port
        self._output = (checkout / f"output-{port}").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llmops_portal.local", command],
            cwd=checkout,
            env={**inherited(), "VAR": str(var), "PORT": str(port), **environ},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def said(self) -> str:
        self._output.seek(0)
        return self._output.read()

    def wait_until_it_says(self, text: str, *, times: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.said().count(text) < times:
            assert time.monotonic() < deadline, f"never said {text!r}:\n{self.said()}"
            assert self.process.poll() is None or self.said().count(text) >= times, self.said()
            time.sleep(0.05)

    def pids(self) -> dict[str, int]:
        return {info["name"]: info["pid"] for info in supervisord.call(self.var, "getAllProcessInfo")}

    def family(self) -> list[identity.Identity]:
        """Everybody who must be gone when the portal is."""
        pids = [*self.pids().values(), int((self.var / "run" / "supervisord.pid").read_text())]
        return [identity.identify(pid) for pid in pids]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self._output.close()


def inherited() -> dict[str, str]:
    """The environment without what the tests set for themselves; MLflow and training would need environments."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return {**kept, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "TRAIN_PYTHON": "/bin/false", "PYTHONPATH": "."}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def checkout():
    # Not tmp_path: its long name would put the sockets elsewhere.
    folder = Path(tempfile.mkdtemp(prefix="up-"))
    yield stand_in.make(folder / "checkout")
    shutil.rmtree(folder)


@pytest.fixture
def start(checkout, request):
    """Start a portal; it is stopped after the test at the latest."""
    with contextlib.ExitStack() as stack:

        def start_one(**more) -> Portal:
            portal = Portal(checkout, **{"var": checkout / request.node.name[-20:], "port": free_port(), **more})
            stack.callback(portal.close)
            return portal

        yield start_one


def refused(checkout: Path, **environ: str) -> str:
    """Return what a start said that was refused."""
    tried = subprocess.run(
        [sys.executable, "-m", "llmops_portal.local", "up"],
        cwd=checkout,
        env={**inherited(), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert tried.returncode == 1
    assert tried.stdout == ""
    return tried.stderr


class TestUp:
    def test_answers_mends_what_crashes_and_leaves_nothing_behind(self, start, checkout):
        portal = start()
        portal.wait_until_it_says("The portal is at http://127.0.0.1:")
        assert "Sign in as minji" in portal.said()

        again = refused(checkout, VAR=str(portal.var), PORT=str(free_port()))
        assert again == f"up: a portal with VAR={portal.var} runs already: http://127.0.0.1:{portal.port}\n"

        os.kill(portal.pids()["gateway"], signal.SIGKILL)
        os.kill(portal.pids()["postgres"], signal.SIGKILL)
        portal.wait_until_it_says("gateway    ended (signal 9), restarting")
        portal.wait_until_it_says("gateway    ready in", times=2)
        portal.wait_until_it_says("postgres   ready in", times=2)

        job = subprocess.Popen(["sleep", "600"], start_new_session=True)
        (portal.var / "run" / "detached" / "job").mkdir()
        identity.identify(job.pid).write(portal.var / "run" / "detached" / "job" / "pid")
        family = portal.family()
        portal.process.send_signal(signal.SIGINT)
        assert portal.process.wait(PATIENCE_S) == 0
        assert job.wait(1) == -signal.SIGTERM
        assert not any(process.is_alive() for process in family)

    def test_killed_leaves_nothing_behind_and_starts_again(self, start):
        portal = start()
        portal.wait_until_it_says("The portal is at")
        family = portal.family()

        portal.process.kill()
        second = start()
        second.wait_until_it_says("The portal is at")

        assert not any(process.is_alive() for process in family)
        assert "Waiting for the processes of a portal that was killed" in second.said()

    def test_ends_when_its_supervisor_is_killed(self, start):
        portal = start()
        portal.wait_until_it_says("The portal is at")
        family = portal.family()

        os.kill(family[-1].pid, signal.SIGKILL)

        assert portal.process.wait(PATIENCE_S) == 1
        assert "the supervisor ended" in portal.said()
        assert identity.wait_all(family, timeout_s=10)

    def test_stopped_while_it_starts_leaves_nothing_behind(self, start):
        portal = start()
        portal.wait_until_it_says("postgres   ready")
        family = [process for process in portal.family() if process]

        portal.process.terminate()

        assert portal.process.wait(PATIENCE_S) == 0
        assert not any(process.is_alive() for process in family)

    def test_says_which_part_failed_and_where_to_read_why(self, start, checkout):
        manage = checkout / "manage.py"
        whole = manage.read_text()
        manage.write_text("import sys; sys.exit('no such table')")
        try:
            portal = start()
            assert portal.process.wait(PATIENCE_S) == 1
        finally:
            manage.write_text(whole)

        assert "up: migrate failed: no such table (all of it: " in portal.said()


class TestRefusals:
    def test_of_a_taken_port_comes_before_anything_starts(self, checkout):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]

            said = refused(checkout, VAR=str(checkout / "taken"), PORT=str(port))

        assert said == f"up: port {port} cannot be used (Address already in use); name another: PORT=8001 make up\n"
        assert not (checkout / "taken" / "pg").exists()

    def test_of_an_odd_port_names_it(self, checkout):
        assert refused(checkout, PORT="http").startswith("up: PORT='http' is not a port")

    def test_of_a_var_that_cannot_be_made_says_what_to_do(self, checkout):
        assert refused(checkout, VAR="/proc/var").startswith("up: cannot write /proc/var")


class TestDemo:
    def test_runs_when_all_is_ready_and_hands_on_its_exit_status(self, start):
        portal = start(command="demo", DEMO_EXIT="1")

        assert portal.process.wait(PATIENCE_S) == 7
        assert f"demo asks http://127.0.0.1:{portal.port}" in portal.said()
        assert "Stopped in" in portal.said()
