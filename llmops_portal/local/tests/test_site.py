import socket

import pytest

from llmops_portal.local import environments, paths
from llmops_portal.local.site import Site, SiteError, claim


def site(tmp_path, **given) -> Site:
    return Site(var=tmp_path, port=8000, mlflow_port=5000, given=given)


class TestEnviron:
    def test_names_the_services_of_this_var(self, tmp_path):
        environ = site(tmp_path).environ()

        assert environ["DATABASE_URL"] == paths.database_url(tmp_path, role="llmops_app")
        assert environ["DATABASE_OWNER_URL"] == paths.database_url(tmp_path)
        assert environ["PUBLIC_URL"] == "http://127.0.0.1:8000"
        assert environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"

    def test_keeps_what_the_person_named(self, tmp_path):
        named = site(tmp_path, DATABASE_URL="postgresql://db/llmops", REDIS_URL="")

        assert named.environ()["DATABASE_URL"] == "postgresql://db/llmops"
        assert named.environ()["REDIS_URL"] == paths.redis_url(tmp_path)
        assert (named.brings("DATABASE_URL"), named.brings("REDIS_URL")) == (False, True)

    def test_names_no_mlflow_where_there_is_no_database_for_it(self, tmp_path):
        assert site(tmp_path, DATABASE_URL="postgresql://db/llmops").environ()["MLFLOW_TRACKING_URI"] == ""

    def test_keeps_bytecode_apart_where_it_is_unwanted(self, tmp_path):
        assert site(tmp_path, PYTHONDONTWRITEBYTECODE="1").environ()["PYTHONDONTWRITEBYTECODE"] == ""
        assert "PYTHONPYCACHEPREFIX" not in site(tmp_path).environ()


class TestNeedsSetup:
    def test_is_about_what_this_site_runs(self, tmp_path, monkeypatch):
        monkeypatch.setattr(environments, "is_current", lambda _name: False)

        assert site(tmp_path).needs_setup() == ["mlflow", "train"]
        assert site(tmp_path, TRAIN_PYTHON="/usr/bin/python3").needs_setup() == ["mlflow"]
        assert site(tmp_path, MLFLOW_TRACKING_URI="http://mlflow").needs_setup() == ["train"]


class TestClaim:
    def test_keeps_the_port_of_mlflow_until_it_is_taken(self, tmp_path):
        environ = {"VAR": str(tmp_path), "PORT": str(free_port())}
        with claim(environ) as first:
            pass
        with claim(environ) as second:
            assert second.mlflow_port == first.mlflow_port
        with socket.create_server(("127.0.0.1", first.mlflow_port)), claim(environ) as third:
            assert third.mlflow_port != first.mlflow_port

    def test_is_for_one_at_a_time(self, tmp_path):
        environ = {"VAR": str(tmp_path), "PORT": str(free_port())}

        with claim(environ) as first, pytest.raises(SiteError, match=f"runs already: {first.url}"), claim(environ):
            pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
