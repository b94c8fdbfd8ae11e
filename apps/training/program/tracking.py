"""MLflow: a mirror of the folder, and never more than that.

A thread copies what the folder records to the run that bears the job's id. Sending twice does no harm (a point of a
curve carries the time at which it was recorded, and MLflow keeps equal points once), so the thread keeps no account
across crashes: it finds the run again by its tag and sends everything once more. A server that is down or slow costs
the job nothing but one warning.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from apps.training.program.errors import Cancelled
from apps.training.program.folder import JobFolder, Record
from apps.training.program.spec import Tracking, TrainSpec

JOB_TAG = "llmops.job_id"

# Read by the client whenever it sends. Its own patience is two minutes a try and seven tries.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

_SEND_EVERY_S = 2.0
_RETRY_AFTER_S = 15.0
_LAST_WORDS_S = 5.0


@contextmanager
def mirrored(folder: JobFolder, spec: TrainSpec, asked: dict[str, str]) -> Iterator[dict[str, str]]:
    """Mirror what happens inside to MLflow, if the job names a server.

    Args:
        asked: parameters of the job, sent at the start.

    Yields:
        A dictionary for what came of the job, sent at the end.
    """
    outcome: dict[str, str] = {}
    if spec.tracking.uri is None:
        yield outcome
        return
    mirror = Mirror(folder, spec.tracking, job_id=spec.job_id)
    mirror.start(asked)
    try:
        yield outcome
    except Cancelled:
        mirror.close("KILLED", outcome)
        raise
    except BaseException:
        mirror.close("FAILED", outcome)
        raise
    mirror.close("FINISHED", outcome)


class Mirror:
    """Copies a job's parameters and curves to its MLflow run until closed."""

    def __init__(self, folder: JobFolder, tracking: Tracking, *, job_id: str) -> None:
        self._folder = folder
        self._tracking = tracking
        self._job_id = job_id
        self._params: dict[str, str] = {}
        self._sent = 0
        self._run_id: str | None = None
        self._ending: str | None = None
        self._ended = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)

    def start(self, params: dict[str, str]) -> None:
        """Begin to copy. `params` are what the job was asked to do."""
        self._params = params
        self._thread.start()

    def close(self, status: str, params: dict[str, str]) -> None:
        """Send the last points, `params` (what came of the job) and its end (`status` in MLflow's words).

        Returns within seconds, whether MLflow takes them or not.
        """
        self._params = self._params | params
        self._ending = status
        self._wake.set()
        self._thread.join(_LAST_WORDS_S)
        if not self._ended:
            self._folder.remark("MLflow did not get all of this run; the job's folder holds it.", level="warning")

    def _work(self) -> None:
        client = MlflowClient(self._tracking.uri)
        warned = False
        while not self._ended:
            ending = self._ending  # read before the points, so that none recorded before the end is sent after it
            try:
                self._send(client)
                if ending is not None:
                    client.log_batch(self._run(client), params=_params(self._params))
                    client.set_terminated(self._run(client), status=ending)
                    self._ended = True
                pause = _SEND_EVERY_S
            except MlflowException as error:
                if not warned:
                    message = f"MLflow at {self._tracking.uri} does not take the run, the job goes on without: {error}"
                    self._folder.remark(message, level="warning")
                    warned = True
                if ending is not None:
                    return
                pause = _RETRY_AFTER_S
            self._wake.wait(pause)

    def _send(self, client: MlflowClient) -> None:
        run_id = self._run(client)
        new = self._folder.metrics[self._sent :]
        points = [point for record in new for point in _points(record)]
        client.log_batch(run_id, metrics=points)
        self._sent += len(new)

    def _run(self, client: MlflowClient) -> str:
        """Return the id of the job's run: the one known, else the one that bears the job's id, else a new one."""
        if self._run_id is not None:
            return self._run_id
        experiment = client.get_experiment_by_name(self._tracking.experiment)
        experiment_id = experiment.experiment_id if experiment else client.create_experiment(self._tracking.experiment)
        found = client.search_runs([experiment_id], f"tags.`{JOB_TAG}` = '{self._job_id}'", max_results=1)
        if found:
            run_id = found[0].info.run_id
            client.update_run(run_id, status="RUNNING")
        else:
            tags = {**self._tracking.tags, JOB_TAG: self._job_id}
            run_id = client.create_run(experiment_id, tags=tags, run_name=self._tracking.run_name or None).info.run_id
        client.log_batch(run_id, params=_params(self._params))
        self._run_id = run_id
        return run_id


def _params(values: dict[str, str]) -> list[Param]:
    return [Param(key, value) for key, value in values.items()]


def _points(record: Record) -> list[Metric]:
    time_ms = int(datetime.fromisoformat(record["ts"]).timestamp() * 1000)
    return [Metric(name, value, time_ms, record["step"]) for name, value in record["values"].items()]
