"""The audit trail as a file. JSON lines are for machines and for the verifier, CSV is for spreadsheets.

A file holds sealed events in the order in which they were sealed. A line of JSON is exactly the bytes of one leaf, so
that it can be hashed without being parsed; that is why there is no line about the file itself: what there is to say of
it stands in headers.
"""

import csv
import io
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.core.cells import harmless
from apps.governance import selectors
from apps.governance.models import AuditEvent
from apps.governance.proofs import newest_checkpoint

ROWS_AT_ONCE = 1000
COLUMNS = {
    "leaf_index": lambda event: event.leaf.index,
    "at": lambda event: event.at.isoformat(),
    "actor": lambda event: event.actor.username,
    "actor_label": lambda event: event.actor_label,
    "action": lambda event: event.action,
    "subject_kind": lambda event: event.subject_kind,
    "subject_id": lambda event: event.subject_id,
    "subject_label": lambda event: event.subject_label,
    "team": lambda event: event.team.slug if event.team else "",
    "reason": lambda event: event.reason,
    "request_id": lambda event: event.request_id,
    "event_id": lambda event: event.pk,
    "digest": lambda event: event.digest,
}


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported: the chunks of the file, and what must be known of it to check it.

    Attributes:
        size: of the tree when the export began; later events are not in it.
        is_whole: whether every event of the log is in it. Otherwise it is a part, of which nobody can tell by itself
            what was left out.
    """

    chunks: Generator[bytes, None, None]
    content_type: str
    filename: str
    size: int
    is_whole: bool

    @property
    def headers(self) -> dict[str, str]:
        told = {"Audit-Log-Size": str(self.size), "Audit-Log-Complete": str(self.is_whole).lower()}
        return told | ({"Audit-Log-Entries": f"0-{self.size - 1}"} if self.is_whole and self.size else {})


def export_events(*, actor: User, asked: dict[str, Any], as_format: str) -> Export:
    """Return the sealed events that `actor` may see and that are asked for, as a file that is read while it is sent."""
    checkpoint = newest_checkpoint()
    size = checkpoint.size if checkpoint else 0
    rows = selectors.filtered_events(actor=actor, asked=asked).filter(leaf__index__lt=size)
    is_whole = not asked and rows.count() == size
    written = {"jsonl": _json_lines, "csv": _csv}[as_format]
    kinds = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
    name = f"audit-log-0-{size - 1}" if is_whole and size else "audit-log-part"
    return Export(written(rows), kinds[as_format], f"{name}.{as_format}", size, is_whole)


def _json_lines(rows: QuerySet[AuditEvent]) -> Generator[bytes, None, None]:
    for events in _batches(rows):
        yield b"".join(event.canonical.encode() + b"\n" for event in events)


def _csv(rows: QuerySet[AuditEvent]) -> Generator[bytes, None, None]:
    yield _csv_lines([list(COLUMNS)])
    for events in _batches(rows):
        yield _csv_lines([harmless(read(event)) for read in _READERS] for event in events)


_READERS: tuple[Callable[[AuditEvent], Any], ...] = tuple(COLUMNS.values())


def _csv_lines(rows: Iterable[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _batches(rows: QuerySet[AuditEvent]) -> Generator[list[AuditEvent], None, None]:
    """Yield rows by their place in the log, so many at a time: no cursor is held while a slow reader reads."""
    ordered, last = rows.order_by("leaf__index"), -1
    while batch := list(ordered.filter(leaf__index__gt=last)[:ROWS_AT_ONCE]):
        yield batch
        last = batch[-1].leaf.index
