import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from llmops_portal.local import detached, identity, paths

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def process():
    """One that ends only when it is killed, in a group of its own."""
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, start_new_session=True) as started:
        started.stdout.readline()
        yield started
        started.kill()


class TestIdentity:
    def test_knows_a_process_while_it_runs(self, process):
        known = identity.identify(process.pid)

        assert known.is_alive()
        process.kill()
        process.wait()
        assert not known.is_alive()

    def test_takes_one_that_only_waits_to_be_collected_for_gone(self, process):
        known = identity.identify(process.pid)

        process.kill()

        assert identity.wait_all([known], timeout_s=5)

    def test_is_not_fooled_by_a_later_process_of_the_same_number(self, process):
        known = identity.identify(process.pid)

        assert not replace(known, started_at=known.started_at - 1).is_alive()

    def test_survives_a_file(self, process, tmp_path):
        known = identity.identify(process.pid)

        known.write(tmp_path / "pid")

        assert identity.read(tmp_path / "pid") == known

    def test_of_nobody_is_none(self, tmp_path):
        assert identity.identify(2**22 + 1) is None
        assert identity.read(tmp_path / "pid") is None


class TestEndAll:
    def test_insists_where_asking_does_not_help(self, process):
        identity.end_all([identity.identify(process.pid)], patience_s=0.2)

        assert process.wait(5) == -signal.SIGKILL


class TestDetached:
    def test_ends_the_recorded_and_nobody_else(self, process, tmp_path):
        known = identity.identify(process.pid)
        mine = identity.identify(os.getpid())
        for name, record in {"job": known, "reused": replace(mine, started_at=1)}.items():
            (paths.detached(tmp_path) / name).mkdir(parents=True)
            record.write(paths.detached(tmp_path) / name / "pid")

        ended = detached.end_all(tmp_path)

        assert ended == ["job"]
        assert process.wait(5) == -signal.SIGKILL

    def test_passes_over_what_is_no_record_and_says_so(self, tmp_path, capsys):
        (paths.detached(tmp_path) / "odd").mkdir(parents=True)
        (paths.detached(tmp_path) / "odd" / "pid").write_text("123")

        assert detached.end_all(tmp_path) == []
        assert "is not a record of a process" in capsys.readouterr().out
