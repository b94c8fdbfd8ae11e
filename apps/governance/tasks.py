"""Sealing the audit log, every second."""

from celery import shared_task

from apps.governance.services import copies, sealing


@shared_task(name="governance.seal_audit_log", ignore_result=True)
def seal_audit_log(**_: object) -> int:
    """Seal what is new, and bring the copy at hand up to date."""
    sealed = sealing.seal_events()
    copies.copy_to_folder()
    return sealed


@shared_task(name="governance.send_audit_log", ignore_result=True)
def send_audit_log(**_: object) -> None:
    """Bring the copies that are far away up to date."""
    copies.send_to_others()
