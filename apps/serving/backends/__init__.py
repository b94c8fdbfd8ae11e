"""Where model servers run. `base.py` says what is promised; the other modules keep it."""

from collections.abc import Callable

from django.conf import settings

from apps.integrations.orchestration.hosts import process_host
from apps.integrations.program.starting import environment_trouble
from apps.serving.backends.base import ServingBackend
from apps.serving.backends.local import LocalBackend


def _local() -> ServingBackend:
    return LocalBackend(
        process_host(),
        command=(settings.TRAIN_PYTHON, "-P", "-m", "apps.serving.program"),
        environment={"PYTHONPATH": str(settings.BASE_DIR), "PYTHONUNBUFFERED": "1"},
        trouble=environment_trouble,
    )


BACKENDS: dict[str, Callable[[], ServingBackend]] = {"local": _local}


def backend_named(name: str) -> ServingBackend:
    """Return the backend of that name; making one costs nothing, it keeps no state in memory.

    Raises:
        KeyError: there is none, which the rules refuse before anything is stored.
    """
    return BACKENDS[name]()
