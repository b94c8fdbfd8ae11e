"""MLflow, through its own small client."""

import os

from apps.integrations.tracking.base import JOB_TAG, TrackedRun, TrackingUnavailableError

TIMEOUT_S = 3


class MlflowTracker:
    """The MLflow server at one address.

    Args:
        address: such as `http://127.0.0.1:5000`.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def find_run(self, *, experiment: str, job_id: str) -> TrackedRun | None:
        # Its import takes seconds and fifty megabytes, and no page or request needs it.
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from mlflow.tracking import MlflowClient  # noqa: PLC0415

        # Read by the client whenever it sends. Its own patience is two minutes a try and seven tries.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(TIMEOUT_S))
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        try:
            client = MlflowClient(self.address)
            found = client.get_experiment_by_name(experiment)
            if found is None:
                return None
            # The id is ours (a UUID), so it cannot break out of the quotes.
            runs = client.search_runs([found.experiment_id], f"tags.`{JOB_TAG}` = '{job_id}'", max_results=1)
        except MlflowException as error:
            raise TrackingUnavailableError(address=self.address, why=str(error).splitlines()[0][:200]) from error
        if not runs:
            return None
        run_id = runs[0].info.run_id
        return TrackedRun(id=run_id, page=f"{self.address}/#/experiments/{found.experiment_id}/runs/{run_id}")
