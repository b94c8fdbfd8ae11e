"""The local host: the contract, and what is left when keeper, process or launcher is killed at any point."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from apps.integrations.orchestration import keeper
from apps.integrations.orchestration.base import HostUnavailableError, ProcessState
from apps.integrations.orchestration.local import LocalProcessHost
from apps.integrations.orchestration.tests.contract import (
    COUNTS_ITSELF,
    ProcessHostContract,
    is_alive,
    python,
    wait_for,
    wait_until,
)

SLEEPS = "print('ready'); import time; time.sleep(60)"


@pytest.fixture
def host(tmp_path):
    return LocalProcessHost(tmp_path / "work", tmp_path / "records")


def inner(host, name):
    return host.folder(name) / keeper.INNER


def child_pid(host, name) -> int:
    return json.loads((inner(host, name) / keeper.STARTED).read_text())["pid"]


def keeper_pid(host, name) -> int:
    stat = Path(f"/proc/{child_pid(host, name)}/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[1])


def kill_keeper(host, name) -> None:
    """Kill the keeper of a process, and wait until it is gone: only then are its locks free."""
    pid = keeper_pid(host, name)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))


class TestLocalProcessHost(ProcessHostContract):
    def test_records_the_process_for_the_supervisor_while_it_runs(self, host, name):
        host.launch(python(name, SLEEPS))
        wait_for(host, name, ProcessState.RUNNING)
        record = json.loads((host.records / name / "pid").read_text())

        host.stop(name)
        wait_for(host, name, ProcessState.EXITED)

        assert record["pid"] == record["pgid"] == child_pid(host, name)
        assert record["started_at"] > 0
        wait_until(lambda: not (host.records / name).exists())

    def test_says_so_when_its_folder_cannot_be_made(self, tmp_path):
        (tmp_path / "work").write_text("a file where a folder should be")

        with pytest.raises(HostUnavailableError, match=r"Not a directory|File exists"):
            LocalProcessHost(tmp_path / "work", tmp_path / "records").launch(python("some-name", "pass"))

    def test_refuses_to_write_outside_of_its_folder(self, host, name):
        with pytest.raises(ValueError, match="outside"):
            host.launch(python(name, "pass", files={"../x": b""}))

        assert host.observe(name).state == ProcessState.ABSENT


class TestKilled:
    """`kill -9`, and what is seen afterwards."""

    @pytest.fixture
    def name(self, host):
        yield "victim"
        host.stop("victim", grace_s=0)
        host.stop("victim", grace_s=0)

    def test_a_killed_process_has_its_signal_told(self, host, name):
        host.launch(python(name, SLEEPS))
        wait_until(lambda: host.log_tail(name, 1) == "ready")

        os.kill(child_pid(host, name), signal.SIGKILL)

        assert wait_for(host, name, ProcessState.EXITED).signal == 9

    def test_a_killed_keeper_leaves_the_process_running_and_alone(self, host, name):
        host.launch(python(name, COUNTS_ITSELF.format(seconds=60)))
        wait_for(host, name, ProcessState.RUNNING)

        kill_keeper(host, name)
        host.launch(python(name, COUNTS_ITSELF.format(seconds=60)))

        wait_until((host.folder(name) / "starts").exists)
        assert host.observe(name).state == ProcessState.RUNNING
        assert (host.folder(name) / "starts").read_text() == "x"

    def test_a_process_without_keeper_can_be_stopped(self, host, name):
        host.launch(python(name, SLEEPS))
        wait_until(lambda: host.log_tail(name, 1) == "ready")
        kill_keeper(host, name)

        host.stop(name)

        assert wait_for(host, name, ProcessState.EXITED).vanished

    def test_a_stubborn_process_without_keeper_is_made_to_stop(self, host, name):
        host.launch(python(name, f"import signal; signal.signal(15, signal.SIG_IGN); {SLEEPS}"))
        wait_until(lambda: host.log_tail(name, 1) == "ready")
        kill_keeper(host, name)

        host.stop(name, grace_s=0.1)
        assert host.observe(name).state == ProcessState.RUNNING
        time.sleep(0.2)
        host.stop(name, grace_s=0.1)

        assert wait_for(host, name, ProcessState.EXITED).vanished

    def test_both_killed_is_seen_as_vanished_and_not_started_again(self, host, name):
        host.launch(python(name, COUNTS_ITSELF.format(seconds=60)))
        wait_until((host.folder(name) / "starts").exists)
        keeping, child = keeper_pid(host, name), child_pid(host, name)
        os.kill(keeping, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: not is_alive(child))

        host.launch(python(name, COUNTS_ITSELF.format(seconds=60)))

        assert host.observe(name).vanished
        assert (host.folder(name) / "starts").read_text() == "x"

    def test_a_killed_launcher_leaves_a_process_that_others_find(self, host, name):
        launcher = multiprocessing.get_context("spawn").Process(target=_launch_and_die, args=(host, name))
        launcher.start()
        launcher.join()

        host.launch(python(name, COUNTS_ITSELF.format(seconds=60)))

        wait_until((host.folder(name) / "starts").exists)
        assert launcher.exitcode == -signal.SIGKILL
        assert (host.folder(name) / "starts").read_text() == "x"

    @pytest.mark.parametrize("survived", [[], [keeper.COMMAND]])
    def test_a_launcher_killed_before_the_keeper_leaves_a_name_to_be_launched(self, host, name, survived):
        for file in survived:
            keeper.write_json(inner(host, name) / file, {"argv": ["/no/such/program"], "env": {}, "niceness": 0})
        assert host.observe(name).state == ProcessState.ABSENT

        host.launch(python(name, "raise SystemExit(3)"))

        assert wait_for(host, name, ProcessState.EXITED).exit_code == 3

    def test_a_keeper_killed_just_before_the_start_counts_as_a_start(self, host, name):
        keeper.write_json(inner(host, name) / keeper.STARTED, {"started_at": keeper.now(), "pid": None})

        host.launch(python(name, "pass"))

        assert host.observe(name).vanished


def _launch_and_die(host, name):
    host.launch(python(name, COUNTS_ITSELF.format(seconds=60)))
    os.kill(os.getpid(), signal.SIGKILL)
