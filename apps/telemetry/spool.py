"""Spool files: how the gateway hands over what happened.

A spool file is `requests-<pid>-<start>.jsonl`: one JSON object a line, only ever appended to, by one process that holds
an exclusive `flock` on it while it writes. Whoever gets the lock knows that the file is closed, also after a kill -9.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError

from apps.telemetry.errors import DamagedLineError
from apps.telemetry.models import RequestEvent

PATTERN = "requests-*.jsonl"
BATCH_BYTES = 2 << 20
LAST_MS = 253_402_300_799_000  # the last second of the year 9999; ids can hold moments beyond it

_COLUMNS = tuple(field for field in RequestEvent._meta.concrete_fields if field.name != "pk")


@dataclass(frozen=True, slots=True)
class Batch:
    """Complete lines of a spool file, from one offset to another, without their line ends."""

    lines: list[bytes]
    end: int


def spool_files(folder: Path) -> Iterator[Path]:
    """Yield the spool files in `folder`, oldest first by name."""
    yield from sorted(folder.glob(PATTERN))


def moment_of(request_id: UUID) -> datetime:
    """Return the moment that a UUIDv7 holds, to the millisecond; one that nobody will live to see is `LAST_MS`."""
    return datetime.fromtimestamp(min(request_id.int >> 80, LAST_MS) / 1000, tz=UTC)


def is_closed(path: Path) -> bool:
    """Tell whether no process writes the file any more.

    Raises:
        FileNotFoundError: it is gone.
    """
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def read_batch(path: Path, offset: int, *, closed: bool) -> Batch:
    """Return the complete lines from `offset` on, about `BATCH_BYTES` of them.

    A last line without its end is left for later, as its writer may be at it. In a `closed` file nobody will end it, so
    there it counts as a line (and turns out damaged).
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(BATCH_BYTES)
        while data and b"\n" not in data and (more := file.read(BATCH_BYTES)):
            data += more
        at_end = file.tell() >= os.fstat(file.fileno()).st_size
    end = data.rfind(b"\n") + 1
    if closed and at_end:
        end = len(data)
    return Batch([line for line in data[:end].split(b"\n") if line], offset + end)


def event_of(line: bytes) -> RequestEvent:
    """Return the request event that a line holds; keys that are no columns are for operators and are skipped.

    Raises:
        DamagedLineError: it holds none.
    """
    try:
        given: dict[str, Any] = orjson.loads(line)
        values = {column.attname: column.to_python(given[column.attname]) for column in _COLUMNS}
        return RequestEvent(**values | {"at": moment_of(values["id"]), "error": values["error"] or ""})
    except orjson.JSONDecodeError as error:
        raise DamagedLineError(f"not JSON: {error}") from error
    except KeyError as error:
        raise DamagedLineError(f"the column {error} is missing") from error
    except (ValidationError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise DamagedLineError(f"a value is not of its column's type: {error}") from error
