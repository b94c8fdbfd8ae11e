"""Background work of serving."""

from celery import shared_task

from apps.core.reconcile import reconcile
from apps.serving import services
from apps.serving.models import Endpoint


@shared_task(name="serving.reconcile_endpoint", ignore_result=True)
def reconcile_endpoint(*, row_id: str, **_: object) -> None:
    """Take one step for an endpoint. Safe to deliver twice; `**_` lets an older worker accept newer arguments."""
    reconcile(Endpoint, row_id, services.step)
