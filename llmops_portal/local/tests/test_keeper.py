import subprocess
import sys

import pytest

from llmops_portal.local import identity, keeper, paths, redis


@pytest.fixture
def folder(tmp_path):
    paths.create(tmp_path)
    return tmp_path


def start(folder):
    return subprocess.run([sys.executable, "-m", "llmops_portal.local.keeper", folder], cwd=paths.CHECKOUT, check=False)


def postmaster(folder):
    return identity.identify(int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0]))


class TestKeeper:
    def test_keeps_the_services_while_somebody_uses_them(self, folder):
        with keeper.held(folder / "users.lock", shared=True):
            assert start(folder).returncode == 0
            server = postmaster(folder)
            assert keeper.is_running(folder)
            assert keeper.cluster(folder).is_ready()
            assert redis.is_ready(paths.redis_socket(folder))

        assert identity.wait_all([server], timeout_s=10)
        with keeper.held(folder / "keeper.lock"):
            assert not redis.is_ready(paths.redis_socket(folder))

    def test_starts_over_when_a_power_cut_destroyed_the_data(self, folder):
        with keeper.held(folder / "users.lock", shared=True):
            start(folder)
            server = postmaster(folder)
        assert identity.wait_all([server], timeout_s=10)
        (folder / "pg" / "global" / "pg_control").write_bytes(b"\0" * 8192)

        with keeper.held(folder / "users.lock", shared=True):
            assert start(folder).returncode == 0
            assert keeper.cluster(folder).is_ready()
            server = postmaster(folder)
        assert identity.wait_all([server], timeout_s=10)
