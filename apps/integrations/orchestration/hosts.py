"""The process host that the settings name."""

from pathlib import Path

from django.conf import settings

from apps.integrations.orchestration.base import ProcessHost
from apps.integrations.orchestration.local import LocalProcessHost


def process_host() -> ProcessHost:
    """Return where this portal's processes run. Making one costs nothing; it keeps no state in memory."""
    return LocalProcessHost(Path(settings.WORK_DIR), Path(settings.DETACHED_DIR))
