"""Wake-ups of training."""

from celery import shared_task

from apps.core.reconcile import reconcile
from apps.training import services
from apps.training.models import TrainingJob


@shared_task(name="training.reconcile_job", ignore_result=True)
def reconcile_job(*, row_id: str, **_: object) -> None:
    """Take one step for a job. Safe to deliver twice; `**_` lets an older worker accept newer arguments."""
    reconcile(TrainingJob, row_id, services.step, give_up=services.give_up)
