"""Scheduled work of telemetry. Both are safe to run twice, late, or at once."""

from pathlib import Path

from celery import shared_task
from django.conf import settings

from apps.telemetry import services


@shared_task(name="telemetry.ship_spool")
def ship_spool(**_: object) -> None:
    services.ship_spool(Path(settings.SPOOL_DIR))


@shared_task(name="telemetry.make_partitions")
def make_partitions(**_: object) -> None:
    services.make_partitions()
