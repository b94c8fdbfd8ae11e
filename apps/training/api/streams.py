"""A job's log as a stream of server-sent events."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import StreamingHttpResponse

from apps.training.models import TrainingJob
from apps.training.selectors import log_from

LOOK_EVERY_S = 1.0
KEEP_ALIVE_S = 15.0
_LINE_END = re.compile(r"\r\n|\r|\n")  # each of them ends a line of a stream of events
STREAM_MAX_S = 1800.0  # a client goes on with Last-Event-ID; a forgotten page does not hold a stream for ever


def log_stream(job: TrainingJob, *, offset: int) -> StreamingHttpResponse:
    """Answer with what the job prints from byte `offset` on, until it ends.

    Events: `log` with lines of text, whose id is the offset to go on from; `end` with the job's status.
    """
    response = StreamingHttpResponse(_events(job, offset), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _events(job: TrainingJob, offset: int) -> AsyncIterator[bytes]:
    started = last_sent = time.monotonic()
    while time.monotonic() - started < STREAM_MAX_S:
        # The status before the log: nothing that is printed before the end is missed.
        await sync_to_async(_look_at)(job)
        text, offset = await sync_to_async(log_from, thread_sensitive=False)(job, offset)
        if text:
            yield _event("log", text, event_id=str(offset))
            last_sent = time.monotonic()
        elif job.is_final:
            yield _event("end", json.dumps({"status": job.status}))
            return
        else:
            if time.monotonic() - last_sent > KEEP_ALIVE_S:
                yield b": still here\n\n"
                last_sent = time.monotonic()
            await asyncio.sleep(LOOK_EVERY_S)


def _look_at(job: TrainingJob) -> None:
    job.refresh_from_db(fields=["status"])
    # A stream may last for half an hour; between two looks its database connection is somebody else's.
    if not connection.in_atomic_block:
        connection.close()


def _event(kind: str, text: str, *, event_id: str = "") -> bytes:
    head = f"id: {event_id}\n" if event_id else ""
    data = "".join(f"data: {line}\n" for line in _LINE_END.split(text.rstrip("\r\n")))
    return f"{head}event: {kind}\n{data}\n".encode()
