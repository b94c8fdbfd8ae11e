"""What is written down of a job as it goes: its timeline, its moves, and the audit event of each move."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.governance.services import record_event
from apps.training.models import JobEvent, TrainingJob
from apps.training.states import JobStatus

VERB_OF = {
    JobStatus.RUNNING: "start",
    JobStatus.SUCCEEDED: "succeed",
    JobStatus.FAILED: "fail",
    JobStatus.CANCELLED: "end_cancelled",
    JobStatus.LOST: "lose",
}


def note(job: TrainingJob, kind: str, message: str, *, at: datetime | None = None) -> None:
    """Add an entry to the timeline of `job`."""
    JobEvent.objects.create(job=job, at=at or timezone.now(), kind=kind, message=message)


def move(job: TrainingJob, status: JobStatus, *, actor: User, reason: str = "", **changes: Any) -> None:
    """Write the new status of a leased job with its history. Call it inside a transaction that holds the lease.

    Raises:
        LeaseLostError: another reconciler holds the job now.
    """
    before = job.status
    job.save_observed(status=status, status_reason=reason, **changes)
    note(job, str(status), reason or status.label)
    record_event(
        actor=actor,
        action=f"trainingjob.{VERB_OF[status]}",
        subject=job,
        before={"status": str(before)},
        after={"status": str(status)},
        reason=reason,
    )
