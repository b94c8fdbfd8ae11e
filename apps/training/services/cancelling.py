"""Wanting something else of a job: that it ends, or that it is tried again."""

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.reconcile import wake
from apps.governance.services import record_event
from apps.training.errors import JobBeingRetriedError, JobEndedError, JobNotEndedError, JobSucceededError
from apps.training.models import TrainingJob
from apps.training.services.history import note
from apps.training.services.submission import submit_job
from apps.training.states import FINAL, JobStatus, Wanted


@transaction.atomic
def cancel_job(*, actor: User, job: TrainingJob) -> TrainingJob:
    """Have a queued or running job end; it is cancelled once its process has ended. Asking twice changes nothing.

    Raises:
        JobEndedError: it has ended already.
    """
    require(actor, Permission.EDIT, job)
    locked = TrainingJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if locked.is_final:
        raise JobEndedError(status=locked.status)
    if locked.wanted == Wanted.CANCEL:
        return locked
    locked.wanted = Wanted.CANCEL
    locked.generation += 1
    locked.save(update_fields=["wanted", "generation"])
    note(locked, "cancel", f"{actor.label} asked for it to be cancelled.")
    record_event(
        actor=actor,
        action="trainingjob.cancel",
        subject=locked,
        before={"wanted": str(Wanted.RUN)},
        after={"wanted": str(Wanted.CANCEL)},
    )
    wake(locked)
    return locked


@transaction.atomic
def retry_job(*, actor: User, job: TrainingJob) -> TrainingJob:
    """Submit the specification of an unsuccessful job again; every rule must hold now, too. Returns the new job.

    Raises:
        JobNotEndedError, JobSucceededError: there is nothing to retry.
        JobBeingRetriedError: a retry of it is under way.
        SpecRulesBrokenError: a rule that held then no longer does.
    """
    require(actor, Permission.EDIT, job)
    locked = TrainingJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if locked.status == JobStatus.SUCCEEDED:
        raise JobSucceededError(model=str(locked.output_model))
    if not locked.is_final:
        raise JobNotEndedError(status=locked.status)
    if under_way := locked.retries.exclude(status__in=FINAL).first():
        raise JobBeingRetriedError(job_id=str(under_way.pk))
    return submit_job(actor=actor, team=locked.owner_team, project=locked.project, spec=locked.spec, retry_of=locked)
