"""Wake-ups of evaluation."""

from celery import shared_task

from apps.core.reconcile import reconcile
from apps.evaluation import services
from apps.evaluation.models import EvaluationRun


@shared_task(name="evaluation.reconcile_run", ignore_result=True)
def reconcile_run(*, row_id: str, **_: object) -> None:
    """Take one step for a run. Safe to deliver twice; `**_` lets an older worker accept newer arguments."""
    reconcile(EvaluationRun, row_id, services.step, give_up=services.give_up)
