import os
import subprocess
import sys

from llmops_portal.local import paths
from llmops_portal.local.testing import BORROWED

SERVICES = ("DATABASE_URL", "REDIS_URL", "VAR")
TEST = f"""
import os, pathlib, pytest

@pytest.mark.parametrize("turn", range(2))
def test_writes_down_what_it_was_given(turn):
    given = [os.environ[name] for name in {SERVICES}]
    pathlib.Path(os.environ["PYTEST_XDIST_WORKER"] + ".txt").write_text("\\n".join(given))
"""


class TestWorkersOfXdist:
    def test_have_a_database_a_broker_and_a_folder_each(self, tmp_path):
        (tmp_path / "test_given.py").write_text(TEST)
        options = ["-p", "llmops_portal.local.testing", "-p", "no:django", "-p", "no:cacheprovider", "--dist", "each"]
        environ = {name: value for name, value in os.environ.items() if name not in (*SERVICES, BORROWED)}

        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "--numprocesses", "2", "--rootdir", ".", "test_given.py"],
            cwd=tmp_path,
            env={**environ, "PYTHONPATH": str(paths.CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
        )

        assert ran.returncode == 0, ran.stdout + ran.stderr
        first, second = ((tmp_path / f"gw{number}.txt").read_text().splitlines() for number in range(2))
        assert all(one != other for one, other in zip(first, second, strict=True))
