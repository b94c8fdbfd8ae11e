"""Writes of telemetry: taking over what the gateway spooled, making room for it, and who read what is in it."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from pathlib import Path

import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.governance.services import record_read
from apps.telemetry.errors import DamagedLineError
from apps.telemetry.models import RequestEvent, SpoolPosition
from apps.telemetry.selectors import visible_event
from apps.telemetry.signals import events_shipped
from apps.telemetry.spool import Batch, event_of, is_closed, read_batch, spool_files

log = structlog.get_logger(__name__)

DAYS_AHEAD = 3
POSITIONS_KEPT_FOR = timedelta(days=2)
ROWS_PER_INSERT = 500
UNFIT = (DataError, IntegrityError)  # what PostgreSQL says of a value that its column does not take


@dataclass(frozen=True, slots=True)
class Shipment:
    """What one run took over: events stored, lines put aside, files finished and removed."""

    events: int = 0
    damaged: int = 0
    files_removed: int = 0

    def __add__(self, other: "Shipment") -> "Shipment":
        return Shipment(
            self.events + other.events, self.damaged + other.damaged, self.files_removed + other.files_removed
        )


def read_event(*, actor: User, request_id: str) -> RequestEvent:
    """Return one request with what was asked and answered; where that is kept, it is on record who read it.

    Raises:
        RequestNotFoundError: see `selectors.visible_event`.
        ReadNotRecordedError: the reading cannot be recorded.
    """
    event = visible_event(actor=actor, request_id=request_id)
    if event.content is not None:
        record_read(actor=actor, subject=event, what="content")
    return event


def ship_spool(folder: Path) -> Shipment:
    """Take over every complete line of the spool files in `folder`, each exactly once.

    Safe to run at once with itself, and to be killed anywhere: lines and position are one transaction per batch. A file
    that is at its end and that nobody writes any more is removed.
    """
    shipped = sum((_ship_file(path) for path in spool_files(folder)), start=Shipment())
    _forget_positions(folder)
    if shipped.damaged:
        log.error("spool.damaged_lines", count=shipped.damaged, folder=str(folder))
    return shipped


def make_partitions(*, today: date | None = None, days_ahead: int = DAYS_AHEAD) -> list[str]:
    """Make the partitions of `today` (UTC) and the days after it; return the names of those that were missing.

    Rows of such a day that landed in the default partition meanwhile are moved into theirs.
    """
    first = today or timezone.now().astimezone(UTC).date()
    days = [first + timedelta(days=ahead) for ahead in range(days_ahead + 1)]
    return [name for day in days if (name := _make_partition(day))]


def _ship_file(path: Path) -> Shipment:
    shipped, done = Shipment(), False
    try:
        while not done:
            # Asked before reading: what a file holds once it is closed is all that it will ever hold.
            closed = is_closed(path)
            step = _ship_batch(path, closed=closed)
            if step is None:  # another run is at this file
                return shipped
            shipped += step
            done = step.events + step.damaged == 0
        if closed:
            path.unlink()
            shipped += Shipment(files_removed=1)
    except FileNotFoundError:  # another run finished it
        pass
    return shipped


@transaction.atomic
def _ship_batch(path: Path, *, closed: bool) -> Shipment | None:
    SpoolPosition.objects.get_or_create(file=path.name)
    position = SpoolPosition.objects.select_for_update(skip_locked=True).filter(file=path.name).first()
    if position is None:
        return None
    batch = read_batch(path, position.offset, closed=closed)
    if not batch.lines:
        return Shipment()
    events, damaged = _parsed(path, batch)
    stored, refused = _store(events)
    _put_aside(path, damaged + refused)
    if stored:
        events_shipped.send(sender=RequestEvent, events=stored)
    position.offset = batch.end
    position.lines += len(stored)
    position.damaged += len(damaged) + len(refused)
    position.updated_at = timezone.now()
    position.save()
    return Shipment(events=len(events) - len(refused), damaged=len(damaged) + len(refused))


def _parsed(path: Path, batch: Batch) -> tuple[list[tuple[bytes, RequestEvent]], list[bytes]]:
    events, damaged = [], []
    for line in batch.lines:
        try:
            events.append((line, event_of(line)))
        except DamagedLineError as error:
            log.warning("spool.damaged_line", file=path.name, why=str(error))
            damaged.append(line)
    return events, damaged


def _store(events: list[tuple[bytes, RequestEvent]]) -> tuple[list[RequestEvent], list[bytes]]:
    """Insert events that are not there yet; return those, and the lines that the database refuses."""
    known = set(RequestEvent.objects.filter(id__in=[event.id for _, event in events]).values_list("id", flat=True))
    new = {event.id: (line, event) for line, event in events if event.id not in known}
    rows = [event for _, event in new.values()]
    try:
        with transaction.atomic():
            RequestEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=ROWS_PER_INSERT)
    except UNFIT:
        # One value does not fit its column. Go row by row, so that one bad line never holds up the good ones.
        return _store_singly(list(new.values()))
    return rows, []


def _store_singly(events: list[tuple[bytes, RequestEvent]]) -> tuple[list[RequestEvent], list[bytes]]:
    stored, refused = [], []
    for line, event in events:
        try:
            with transaction.atomic():
                RequestEvent.objects.bulk_create([event], ignore_conflicts=True)
        except UNFIT as error:
            log.warning("spool.refused_line", request_id=str(event.id), why=str(error).splitlines()[0])
            refused.append(line)
        else:
            stored.append(event)
    return stored, refused


def _put_aside(path: Path, lines: list[bytes]) -> None:
    if lines:
        with path.with_suffix(".bad").open("ab") as file:
            file.writelines(line + b"\n" for line in lines)


def _forget_positions(folder: Path) -> None:
    """Forget files that are gone; not at once, since the gateway reads from the positions what is booked already."""
    present = [path.name for path in spool_files(folder)]
    old = SpoolPosition.objects.filter(updated_at__lt=timezone.now() - POSITIONS_KEPT_FOR)
    old.exclude(file__in=present).delete()


def _make_partition(day: date) -> str:
    """Make the partition of `day`; return its name, or "" when it is there already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT telemetry_add_partition(%s)", [day])
        return str(cursor.fetchone()[0])
