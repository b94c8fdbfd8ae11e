import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmops_portal.local import identity, unprivileged

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


class TestTethered:
    def test_process_ends_with_its_parent_however_that_ends(self):
        code = (
            "import subprocess, sys, time; from llmops_portal.local.unprivileged import tethered\n"
            "print(subprocess.Popen(tethered(['sleep', '600'])).pid, flush=True); time.sleep(600)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
            child = identity.identify(int(parent.stdout.readline()))
            _wait_until_it_is("sleep", child.pid)  # setpriv has tied it by then
            parent.kill()

        assert identity.wait_all([child], timeout_s=30)


def _wait_until_it_is(name: str, pid: int) -> None:
    while Path(f"/proc/{pid}/comm").read_text().strip() != name:
        time.sleep(0.01)


class TestAsNobody:
    @needs_root
    def test_reads_below_a_closed_folder_without_loosening_it(self, tmp_path):
        closed = tmp_path / "closed"
        (closed / "open").mkdir(parents=True)
        (closed / "open" / "file").write_text("seen")
        closed.chmod(0o700)
        command = unprivileged.as_nobody(
            ["/bin/cat", str(closed / "open" / "file")], reading=[closed / "open" / "file"]
        )

        seen = subprocess.run([*command], capture_output=True, text=True, check=True)

        assert seen.stdout == "seen"
        assert closed.stat().st_mode & 0o777 == 0o700

    @needs_root
    def test_is_given_nothing_it_does_not_need(self):
        command = unprivileged.as_nobody(["/bin/cat", "/proc/self/status"], reading=[])

        status = subprocess.run(command, capture_output=True, text=True, check=True).stdout

        assert "Uid:\t65534\t65534" in status
        assert "CapEff:\t0000000000000000" in status
