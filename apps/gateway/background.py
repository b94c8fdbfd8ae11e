"""Work that lasts as long as the process does."""

import asyncio
import signal
from collections.abc import Coroutine

import structlog

log = structlog.get_logger(__name__)


def begin(work: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
    """Begin work that never ends by itself. If a bug ends it, the process ends, and whoever keeps it starts another.

    A gateway that went on without it would answer by what it knew then, or lose what it should have written.
    """
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_end_the_process)
    return task


def _end_the_process(task: asyncio.Task[None]) -> None:
    if task.cancelled():
        return
    log.critical("background.died", work=task.get_name(), exc_info=task.exception())
    signal.raise_signal(signal.SIGTERM)
