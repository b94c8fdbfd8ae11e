"""Scheduled work that belongs to no subject."""

from celery import shared_task

from apps.core import idempotency, reconcile


@shared_task(name="core.sweep", ignore_result=True)
def sweep(**_: object) -> int:
    """Wake every row whose time to be looked at has come."""
    return reconcile.sweep()


@shared_task(name="core.forget_old_answers", ignore_result=True)
def forget_old_answers(**_: object) -> int:
    return idempotency.forget_old_answers()
