"""What other apps announce becomes entries of the ledger, in the same transaction."""

from apps.costs import services
from apps.evaluation.models import EvaluationRun
from apps.telemetry.models import RequestEvent
from apps.training.models import TrainingJob


def book_requests(*, events: list[RequestEvent], **_: object) -> None:
    services.book_requests(events=events)


def book_job(*, job: TrainingJob, **_: object) -> None:
    services.book_job(job=job)


def book_run(*, run: EvaluationRun, **_: object) -> None:
    services.book_run(run=run)
