"""The MLflow client against a server that speaks the three calls of MLflow's REST API that it uses."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from apps.integrations.tracking.base import TrackedRun, TrackingUnavailableError
from apps.integrations.tracking.mlflow_tracker import MlflowTracker

EXPERIMENT = {"experiment_id": "7", "name": "voc", "artifact_location": "x", "lifecycle_stage": "active"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        known = "experiment_name=voc" in self.path
        missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such experiment"}
        self._answer(200 if known else 404, {"experiment": EXPERIMENT} if known else missing)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.filters.append(asked["filter"])
        wanted = f"'{self.server.job_id}'" in asked["filter"]
        info = {"run_id": "abc", "run_uuid": "abc", "experiment_id": "7", "status": "RUNNING", "start_time": 1}
        self._answer(200, {"runs": [{"info": info, "data": {}}] if wanted else []})

    def log_message(self, *_):
        pass

    def _answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.filters, server.job_id = [], str(uuid4())
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def tracker(server):
    return MlflowTracker(f"http://127.0.0.1:{server.server_port}/")


class TestMlflowTracker:
    def test_finds_the_run_that_bears_the_jobs_id(self, server, tracker):
        found = tracker.find_run(experiment="voc", job_id=server.job_id)

        assert found == TrackedRun("abc", f"{tracker.address}/#/experiments/7/runs/abc")
        assert server.filters == [f"tags.`llmops.job_id` = '{server.job_id}'"]

    def test_finds_nothing_before_the_job_has_begun_a_run(self, tracker):
        assert tracker.find_run(experiment="voc", job_id=str(uuid4())) is None

    def test_finds_nothing_in_an_experiment_that_is_not_there_yet(self, server, tracker):
        assert tracker.find_run(experiment="other", job_id=server.job_id) is None

    def test_says_so_when_nobody_answers(self):
        with pytest.raises(TrackingUnavailableError, match=r"127\.0\.0\.1:9 does not answer"):
            MlflowTracker("http://127.0.0.1:9").find_run(experiment="voc", job_id=str(uuid4()))
