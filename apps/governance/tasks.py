"""Wake-ups and scheduled work of governance. All are safe to run twice, late, or at once."""

from celery import shared_task

from apps.core.reconcile import reconcile
from apps.governance import services
from apps.governance.models import NoticeSending, WebhookSubscription
from apps.governance.services import copies, sealing


@shared_task(name="governance.dispatch_webhooks", ignore_result=True)
def dispatch_webhooks(**_: object) -> int:
    return services.dispatch_events()


@shared_task(name="governance.send_webhooks", ignore_result=True)
def send_webhooks(*, row_id: str, **_: object) -> None:
    reconcile(WebhookSubscription, row_id, services.send_due)


@shared_task(name="governance.send_notice", ignore_result=True)
def send_notice(*, row_id: str, **_: object) -> None:
    reconcile(NoticeSending, row_id, services.send_notice)


@shared_task(name="governance.forget_old_messages", ignore_result=True)
def forget_old_messages(**_: object) -> int:
    return services.forget_old_deliveries() + services.forget_old_notices()


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


@shared_task(name="governance.remind", ignore_result=True)
def remind(**_: object) -> int:
    """Tell people of what waits for them, and of what is late."""
    return services.remind()
