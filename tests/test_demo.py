"""The whole demo as a person runs it: everything installed, started, gone through and stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from llmops_portal.local import paths

ROOT = paths.CHECKOUT
WITHIN_S = 600
OURS = ("DATABASE_URL", "REDIS_URL", "VAR", "PORT", "DJANGO_SETTINGS_MODULE", "MLFLOW_TRACKING_URI", "PUBLIC_URL")

pytestmark = [pytest.mark.slow, pytest.mark.train]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


@pytest.mark.skipif(not (ROOT / ".venv" / "train").exists(), reason="needs .venv/train (make test makes it)")
def test_the_demo_goes_the_whole_way_and_leaves_no_process_behind(tmp_path):
    var, port = tmp_path / "var", free_port()
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    running = subprocess.Popen(
        [sys.executable, "-m", "llmops_portal.local", "demo"],
        cwd=ROOT,
        env={**kept, "VAR": str(var), "PORT": str(port), "DEMO_EXIT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = running.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
        pytest.fail(f"The demo took longer than {WITHIN_S} s.\n{output[-4000:]}")

    assert running.returncode == 0, output[-4000:]
    assert re.search(r"exact_match .* yes\n", output), "the tuned model is better by intervals that do not touch"
    assert f"portal up at http://127.0.0.1:{port}" in output
    assert output.count("refused, as it must be") == 3
    assert processes_of(var) == []
