import subprocess

import psycopg
import pytest

from llmops_portal.local import keeper, paths
from llmops_portal.local.postgres import Cluster, PostgresError


@pytest.fixture
def cluster(tmp_path):
    """A new cluster whose server runs."""
    paths.create(tmp_path)
    made = Cluster(data=tmp_path / "pg", sockets=paths.postgres_sockets(tmp_path), durable=False)
    made.initialise()
    with subprocess.Popen(made.command(), cwd="/", stderr=subprocess.DEVNULL) as server:
        assert keeper.answers(server, made.is_ready)
        yield made
        server.send_signal(2)


class TestCluster:
    def test_gives_the_portal_databases_it_owns_with_vectors_and_no_more_power_than_in_production(self, cluster):
        cluster.create_databases("llmops", "mlflow")
        cluster.create_databases("llmops", "mlflow")

        with psycopg.connect(host=str(cluster.sockets), user="llmops", dbname="llmops") as connection:
            assert connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'").fetchone() == (2.0,)
            assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'llmops'").fetchone() == (False,)
            assert connection.execute("SELECT upper('ärger') = 'ÄRGER', 'ㄱ' < '가'").fetchone() == (True, True)

    def test_listens_on_its_socket_only(self, cluster):
        with cluster.connect() as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert cluster.sockets.stat().st_mode & 0o777 == 0o700


class TestInitialise:
    def test_starts_over_where_it_was_killed(self, tmp_path):
        cluster = Cluster(data=tmp_path / "pg", sockets=tmp_path / "run", durable=False)
        (tmp_path / "pg.new").mkdir()
        (tmp_path / "pg.new" / "PG_VERSION").touch()

        cluster.initialise()

        assert (cluster.data / "global" / "pg_control").exists()
        assert not (tmp_path / "pg.new").exists()

    def test_says_what_initdb_said(self, tmp_path, monkeypatch):
        cluster = Cluster(data=tmp_path / "pg", sockets=tmp_path / "run")
        monkeypatch.setattr("llmops_portal.local.postgres.SUPERUSER", "pg_reserved")

        with pytest.raises(PostgresError, match="superuser name"):
            cluster.initialise()

        assert not cluster.data.exists()
