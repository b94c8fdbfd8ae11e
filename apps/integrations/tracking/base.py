"""What the portal needs of an experiment tracker, in its own words. Nothing of the portal's truth lies there."""

from dataclasses import dataclass
from typing import Protocol

from apps.core.errors import UnavailableError

JOB_TAG = "llmops.job_id"


class TrackingUnavailableError(UnavailableError):
    code = "tracking.unavailable"
    message = "The experiment tracker at {address} does not answer: {why}."


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """The run of one job.

    Attributes:
        id: as the tracker names it.
        page: its address for a person.
    """

    id: str
    page: str


class ExperimentTracker(Protocol):
    """Keeps runs with parameters and curves. Raises `TrackingUnavailableError` and nothing of its client's own."""

    def find_run(self, *, experiment: str, job_id: str) -> TrackedRun | None:
        """Return the run in `experiment` that bears the job's id, or None while there is none."""
