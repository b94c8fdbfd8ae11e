"""The mirror against a server that speaks as much of MLflow's REST interface as a run needs."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.training.program import tracking
from apps.training.program.errors import Cancelled, DataError
from apps.training.program.folder import JobFolder
from apps.training.program.spec import TrainSpec
from apps.training.program.tracking import mirrored

from .conftest import pretrain_spec


class Server(ThreadingHTTPServer):
    """Keeps experiments and runs in memory; `delay_s` makes it slow."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.experiments, self.runs, self.delay_s = {}, {}, 0.0
        self.uri = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def points(self, key):
        """Return the distinct points of a curve, as MLflow keeps them."""
        [run] = self.runs.values()
        return sorted({(point["step"], point["value"]) for point in run["metrics"] if point["key"] == key})


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        time.sleep(self.server.delay_s)
        url = urlsplit(self.path)
        given = {key: values[0] for key, values in parse_qs(url.query).items()}
        name = given.get("experiment_name")
        if url.path.endswith("runs/get"):
            self.answer({"run": {"info": self.server.runs[given["run_id"]]["info"], "data": {}}})
        elif url.path.endswith("experiments/get-by-name") and name in self.server.experiments:
            self.answer({"experiment": {"experiment_id": self.server.experiments[name], "name": name}})
        else:
            self.answer({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": self.path}, 404)

    def do_POST(self):
        time.sleep(self.server.delay_s)
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(getattr(self, self.path.rpartition("mlflow/")[2].replace("/", "_").replace("-", "_"))(given))

    def experiments_create(self, given):
        return {"experiment_id": self.server.experiments.setdefault(given["name"], "1")}

    def runs_search(self, given):
        wanted = given["filter"].rpartition("= ")[2].strip("'")
        found = [run for run in self.server.runs.values() if run["tags"][tracking.JOB_TAG] == wanted]
        return {"runs": [{"info": run["info"], "data": {}} for run in found]}

    def runs_create(self, given):
        run_id = str(len(self.server.runs))
        info = {"run_id": run_id, "experiment_id": "1", "status": "RUNNING", "run_name": given.get("run_name", "")}
        tags = {tag["key"]: tag["value"] for tag in given["tags"]}
        self.server.runs[run_id] = {"info": info, "tags": tags, "metrics": [], "params": {}}
        return {"run": {"info": info, "data": {}}}

    def runs_update(self, given):
        info = self.server.runs[given["run_id"]]["info"]
        info["status"] = given["status"]
        return {"run_info": info}

    def runs_log_batch(self, given):
        run = self.server.runs[given["run_id"]]
        run["metrics"] += given.get("metrics", [])
        keys = [param["key"] for param in given.get("params", [])]
        assert len(set(keys)) == len(keys), "MLflow refuses one key twice"
        for param in given.get("params", []):
            assert run["params"].setdefault(param["key"], param["value"]) == param["value"], "MLflow refuses a change"
        return {}


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def haste(monkeypatch):
    monkeypatch.setattr(tracking, "_SEND_EVERY_S", 0.05)
    monkeypatch.setattr(tracking, "_RETRY_AFTER_S", 0.1)
    monkeypatch.setattr(tracking, "_LAST_WORDS_S", 1.0)


def spec_for(corpus, uri):
    place = {"uri": uri, "experiment": "demo", "run_name": "tiny", "tags": {"llmops.team": "vision"}}
    return TrainSpec.model_validate(pretrain_spec(corpus, tracking=place))


def warnings(folder):
    return [event["message"] for event in folder.events if event.get("level") == "warning"]


class TestMirrored:
    def test_copies_parameters_curves_and_the_end(self, corpus, server, tmp_path):
        folder = JobFolder(tmp_path)

        with mirrored(folder, spec_for(corpus, server.uri), {"lr": "0.1"}) as outcome:
            for step in range(1, 4):
                folder.metric(step, 3, {"loss": 3.0 / step})
            outcome |= {"lr": "0.1", "steps": "3"}

        [run] = server.runs.values()
        assert run["params"] == {"lr": "0.1", "steps": "3"}
        assert run["tags"] | {"llmops.team": "vision", "llmops.job_id": "job-1"} == run["tags"]
        assert run["info"]["status"] == "FINISHED"
        assert server.points("loss") == [(1, 3.0), (2, 1.5), (3, 1.0)]
        assert warnings(folder) == []

    @pytest.mark.parametrize(("error", "status"), [(Cancelled, "KILLED"), (DataError, "FAILED"), (KeyError, "FAILED")])
    def test_says_how_the_job_ended(self, corpus, server, tmp_path, error, status):
        with pytest.raises(error), mirrored(JobFolder(tmp_path), spec_for(corpus, server.uri), {}):
            raise error("no")

        assert [run["info"]["status"] for run in server.runs.values()] == [status]

    def test_finds_its_run_again_after_a_crash(self, corpus, server, tmp_path):
        """The first process dies having sent two points; its folder knows a third."""
        first = JobFolder(tmp_path / "..")
        mirror = tracking.Mirror(first, spec_for(corpus, server.uri).tracking, job_id="job-1")
        first.metrics = [
            {"ts": f"2026-01-01T00:00:0{step}+00:00", "step": step, "values": {"loss": 9.0 - step}}
            for step in (1, 2, 3)
        ]
        mirror._send(tracking.MlflowClient(server.uri))
        folder = JobFolder(tmp_path)
        folder.metrics = first.metrics

        with mirrored(folder, spec_for(corpus, server.uri), {}):
            folder.metric(4, 4, {"loss": 5.0})

        assert len(server.runs) == 1
        assert server.points("loss") == [(1, 8.0), (2, 7.0), (3, 6.0), (4, 5.0)]

    def test_sends_everything_once_the_server_is_there(self, corpus, server, tmp_path, monkeypatch):
        monkeypatch.setattr(Handler, "runs_log_batch", lambda *_: {}["gone"], raising=True)
        folder = JobFolder(tmp_path)

        with mirrored(folder, spec_for(corpus, server.uri), {}):
            folder.metric(1, 2, {"loss": 2.0})
            time.sleep(0.3)
            monkeypatch.undo()
            folder.metric(2, 2, {"loss": 1.0})

        assert server.points("loss") == [(1, 2.0), (2, 1.0)]
        assert len(warnings(folder)) == 1

    @pytest.mark.parametrize("place", ["nobody listens", "slow"])
    def test_costs_the_job_one_warning_when_it_does_not_answer(self, corpus, server, tmp_path, place):
        uri = "http://127.0.0.1:9" if place == "nobody listens" else server.uri
        server.delay_s = 30.0
        folder = JobFolder(tmp_path)
        started = time.monotonic()

        with mirrored(folder, spec_for(corpus, uri), {}):
            for step in range(100):
                folder.metric(step, 100, {"loss": 1.0})

        assert time.monotonic() - started < 3
        assert warnings(folder)[-1].startswith("MLflow did not get all of this run")

    def test_asks_nobody_when_no_server_is_named(self, corpus, tmp_path, monkeypatch):
        monkeypatch.delattr(tracking, "Mirror")

        with mirrored(JobFolder(tmp_path), spec_for(corpus, None), {}) as outcome:
            outcome["steps"] = "1"
