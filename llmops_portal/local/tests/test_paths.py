import os
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from llmops_portal.local import paths


class TestSockets:
    def test_lie_in_var_when_the_path_fits(self):
        assert paths.postgres_sockets(Path("/srv/var")) == Path("/srv/var/run/postgres")

    def test_lie_in_a_private_folder_of_this_var_when_it_does_not(self, tmp_path):
        deep, other = tmp_path / ("x" * 90), tmp_path / ("y" * 90)

        paths.create(deep)
        folder = paths.sockets(deep)

        try:
            assert len(os.fsencode(folder / paths.LONGEST_SOCKET_NAME)) < 100
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder != paths.sockets(other)
        finally:
            folder.rmdir()

    def test_refuses_a_folder_that_somebody_else_could_have_prepared(self, tmp_path):
        deep = tmp_path / ("x" * 90)
        folder = paths.sockets(deep)
        folder.symlink_to(tmp_path)

        try:
            with pytest.raises(paths.VarError, match="belongs to someone else"):
                paths.create(deep)
        finally:
            folder.unlink()


class TestUrls:
    def test_of_the_database_survives_odd_characters(self):
        url = urlparse(paths.database_url(Path("/srv/my var&co"), database="mlflow"))

        assert url.path == "/mlflow"
        assert parse_qs(url.query)["host"] == ["/srv/my var&co/run/postgres"]

    def test_of_the_broker_is_celerys_spelling_for_a_unix_socket(self):
        redis = paths.redis_url(Path("/srv/var"), database=3)

        assert paths.broker_url(redis) == "redis+socket:///srv/var/run/redis.sock?virtual_host=3"

    def test_of_a_redis_elsewhere_is_left_alone(self):
        assert paths.broker_url("redis://broker:6379/0") == "redis://broker:6379/0"


class TestVarRoot:
    def test_is_absolute(self, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)

        assert paths.var_root({"VAR": "here"}) == tmp_path / "here"

    def test_is_in_the_checkout_wherever_one_stands(self, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)

        assert paths.var_root({"VAR": ""}) == paths.CHECKOUT / "var"


class TestCreate:
    def test_says_which_folder_cannot_be_written_and_what_to_do(self, tmp_path):
        (tmp_path / "file").touch()

        with pytest.raises(paths.VarError, match=r"cannot write .*file.*VAR=/some/folder"):
            paths.create(tmp_path / "file" / "var")
