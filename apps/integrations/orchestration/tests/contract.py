"""What every `ProcessHost` must keep. A test class of an adapter inherits this and gives the fixture `host`."""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from apps.integrations.orchestration.base import Observation, ProcessHost, ProcessSpec, ProcessState, StillRunningError

PATIENCE_S = 20.0


def unique_name() -> str:
    return f"test-{uuid4()}"


def python(name: str, code: str, **more: object) -> ProcessSpec:
    return ProcessSpec(name=name, argv=(sys.executable, "-u", "-S", "-c", code), **more)


def wait_until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def wait_for(host: ProcessHost, name: str, state: ProcessState) -> Observation:
    wait_until(lambda: host.observe(name).state == state)
    return host.observe(name)


COUNTS_ITSELF = "open('starts', 'a').write('x'); import time; time.sleep({seconds})"
IGNORES_TERM = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready'); time.sleep(60)"
LEAVES_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])
open('child', 'w').write(str(child.pid))
"""


class ProcessHostContract:
    @pytest.fixture
    def name(self, host):
        name = unique_name()
        yield name
        host.stop(name, grace_s=0)
        wait_until(lambda: host.observe(name).state not in (ProcessState.STARTING, ProcessState.RUNNING))
        host.forget(name)

    def test_is_absent_before_it_is_launched(self, host, name):
        assert host.observe(name) == Observation(state=ProcessState.ABSENT)

    def test_gives_the_end_of_a_log_as_text_that_can_be_kept(self, host, name):
        code = r"import sys; sys.stdout.buffer.write(b'a\0b \xff\n')"
        host.launch(python(name, code))
        wait_for(host, name, ProcessState.EXITED)

        assert host.log_tail(name, 1) == "a\ufffdb \ufffd"

    def test_runs_in_its_folder_with_its_files_and_variables(self, host, name):
        code = "import os; print(open('deep/in.txt').read(), os.environ['COLOUR'], os.getcwd())"

        host.launch(python(name, code, env={"COLOUR": "blue"}, files={"deep/in.txt": b"hello"}))

        seen = wait_for(host, name, ProcessState.EXITED)
        assert (seen.exit_code, seen.signal, seen.error) == (0, None, "")
        assert seen.started_at <= seen.finished_at
        assert host.log_tail(name, 1) == f"hello blue {host.folder(name).resolve()}"

    def test_gets_none_of_the_portals_own_variables(self, host, name, monkeypatch):
        monkeypatch.setenv("DJANGO_SECRET_KEY", "do not tell")

        host.launch(python(name, "import os; print('DJANGO_SECRET_KEY' in os.environ)"))

        wait_for(host, name, ProcessState.EXITED)
        assert host.log_tail(name, 1) == "False"

    def test_leaves_the_processors_to_others_when_told(self, host, name):
        host.launch(python(name, "import os; print(os.nice(0))", niceness=7))

        wait_for(host, name, ProcessState.EXITED)
        assert int(host.log_tail(name, 1)) == os.nice(0) + 7

    def test_tells_the_exit_code(self, host, name):
        host.launch(python(name, "raise SystemExit(7)"))

        assert wait_for(host, name, ProcessState.EXITED).exit_code == 7

    def test_tells_the_signal_that_killed_it(self, host, name):
        host.launch(python(name, "import os; os.kill(os.getpid(), 9)"))

        seen = wait_for(host, name, ProcessState.EXITED)
        assert (seen.exit_code, seen.signal, seen.vanished) == (None, 9, False)

    def test_says_why_it_could_not_be_started(self, host, name):
        host.launch(ProcessSpec(name=name, argv=("/no/such/program",)))

        seen = wait_for(host, name, ProcessState.EXITED)
        assert (seen.exit_code, seen.signal) == (None, None)
        assert "/no/such/program" in seen.error
        assert not seen.vanished

    def test_starts_once_when_launched_at_once_and_again(self, host, name):
        spec = python(name, COUNTS_ITSELF.format(seconds=0.3))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: host.launch(spec), range(8)))
        wait_for(host, name, ProcessState.EXITED)
        host.launch(spec)

        assert wait_for(host, name, ProcessState.EXITED).exit_code == 0
        assert (host.folder(name) / "starts").read_text() == "x"

    def test_keeps_the_files_of_the_first_launch(self, host, name):
        host.launch(python(name, "import time; time.sleep(60)", files={"port": b"1"}))

        host.launch(python(name, "pass", files={"port": b"2"}))

        assert (host.folder(name) / "port").read_bytes() == b"1"

    def test_stops_when_asked(self, host, name):
        host.launch(python(name, "print('ready'); import time; time.sleep(60)"))
        wait_until(lambda: host.log_tail(name, 1) == "ready")

        host.stop(name)
        host.stop(name)

        assert wait_for(host, name, ProcessState.EXITED).signal == 15

    def test_is_made_to_stop_after_its_grace(self, host, name):
        host.launch(python(name, IGNORES_TERM))
        wait_until(lambda: host.log_tail(name, 1) == "ready")

        host.stop(name, grace_s=0.2)

        assert wait_for(host, name, ProcessState.EXITED).signal == 9

    def test_never_starts_once_stopped(self, host, name):
        host.stop(name)

        host.launch(python(name, COUNTS_ITSELF.format(seconds=0)))

        assert host.observe(name).error == "It was stopped before it started."
        assert not (host.folder(name) / "starts").exists()

    def test_takes_along_what_it_started_itself(self, host, name):
        host.launch(python(name, LEAVES_A_CHILD))
        wait_for(host, name, ProcessState.EXITED)

        wait_until(lambda: not is_alive(int((host.folder(name) / "child").read_text())))

    def test_hands_out_the_log_piece_by_piece(self, host, name):
        assert host.log_from(name, 0) == (b"", 0)
        host.launch(python(name, "print('one'); print('two')"))
        wait_for(host, name, ProcessState.EXITED)

        assert host.log_from(name, 0) == (b"one\ntwo\n", 8)
        assert host.log_from(name, 4) == (b"two\n", 8)
        assert host.log_from(name, 8) == (b"", 8)

    def test_is_not_forgotten_while_it_runs(self, host, name):
        host.launch(python(name, "import time; time.sleep(60)"))
        wait_for(host, name, ProcessState.RUNNING)

        with pytest.raises(StillRunningError):
            host.forget(name)

        assert host.observe(name).state == ProcessState.RUNNING

    def test_is_absent_again_once_forgotten(self, host, name):
        host.launch(python(name, "pass"))
        wait_for(host, name, ProcessState.EXITED)

        host.forget(name)
        host.forget(name)

        assert host.observe(name).state == ProcessState.ABSENT

    @pytest.mark.parametrize("bad", ["", "Job", "a/b", "..", "-a", "a" * 64])
    def test_refuses_a_name_that_is_none(self, host, bad):
        with pytest.raises(ValueError, match="no name of a process"):
            host.observe(bad)


def is_alive(pid: int) -> bool:
    """Does a process of that number run? One that waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
