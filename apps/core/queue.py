"""Waking workers. A message is only a wake-up: whoever loses it loses time, never work (the sweep finds it)."""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def enqueue_on_commit(task: str, **arguments: str | int) -> None:
    """Send `task` by name once the current transaction commits; at once when there is none.

    A broker that is away is logged and forgotten: the row that the task would look at says that work is due.
    """

    def send() -> None:
        try:
            current_app.send_task(task, kwargs=arguments, retry=False)
        except OperationalError as error:
            log.warning("queue.wake_up_lost", task=task, error=str(error))

    transaction.on_commit(send)
