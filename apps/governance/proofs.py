"""Reads of the sealed log: its tree, the proof about one event, the proof about two checkpoints, how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from apps.core.web.formats import in_time
from apps.governance import outside
from apps.governance.errors import NotSealedYetError, UnknownCheckpointError
from apps.governance.models import AuditAlarm, AuditCheckpoint, AuditCopy, AuditEvent, AuditLeaf, AuditTile
from apps.governance.models.fields import FirstRunningTransaction, NextTransaction
from apps.governance.sealing import tree
from apps.governance.sealing.tiles import WIDTH, Tiles, hashes_in

COUNTED_AT_MOST = 10_000
THE_TREE = ""  # as the source of an alarm: what is wrong is in the database


@dataclass(frozen=True, slots=True)
class Proof:
    """That one event is in the log: its leaf, and the way from there to the root that a checkpoint signs."""

    event: AuditEvent
    leaf: AuditLeaf
    path: Sequence[bytes]
    checkpoint: AuditCheckpoint


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the log at `second` begins with the log at `first`."""

    first: AuditCheckpoint
    second: AuditCheckpoint
    path: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the sealing is.

    Attributes:
        waiting: events that are in no checkpoint yet, counted up to 10,000.
        lag: how long the oldest of them has waited.
    """

    checkpoint: AuditCheckpoint | None
    waiting: int
    lag: timedelta
    copies: Sequence[AuditCopy]
    alarms: Sequence[AuditAlarm]

    @property
    def size(self) -> int:
        return self.checkpoint.size if self.checkpoint else 0

    @property
    def lag_s(self) -> float:
        return self.lag.total_seconds()

    @property
    def waited(self) -> str:
        """How long the oldest event has waited, for a person."""
        return f"the oldest for {in_time(self.lag)}"

    @property
    def copies_down(self) -> int:
        return sum(bool(copy.error) for copy in self.copies)

    @property
    def copies_told(self) -> str:
        """How many copies work: "2 of 3"."""
        working = len(self.copies) - self.copies_down
        return f"{working} of {len(self.copies)}" if self.copies else "none yet"


def newest_checkpoint() -> AuditCheckpoint | None:
    return AuditCheckpoint.objects.order_by("-size").first()


def tiles_of(size: int) -> Tiles:
    """Return the tree over the first `size` leaves, as the database has it."""
    return Tiles(size, load_tile)


def load_tile(level: int, index: int, width: int) -> bytes:
    """Return the first `width` hashes of a tile: of one that is full, or of what will become it."""
    if width == WIDTH:
        return bytes(AuditTile.objects.get(level=level, index=index).hashes)
    first = index * WIDTH
    if level == 0:
        leaves = AuditLeaf.objects.filter(index__gte=first, index__lt=first + width).order_by("index")
        return b"".join(leaves.values_list("hash", flat=True))
    below = AuditTile.objects.filter(level=level - 1, index__gte=first, index__lt=first + width).order_by("index")
    return b"".join(below.values_list("root", flat=True))


def open_row(level: int, size: int) -> list[bytes]:
    """Return the hashes of the tile at the right edge of a tree, which is not full."""
    hashes = size // WIDTH**level
    return hashes_in(load_tile(level, hashes // WIDTH, hashes % WIDTH)) if hashes % WIDTH else []


def proof_of(event: AuditEvent) -> Proof:
    """Return the proof about an event, for the newest checkpoint; the caller has checked that it may be seen.

    Raises:
        NotSealedYetError: no checkpoint covers it yet.
    """
    checkpoint = newest_checkpoint()
    leaf = AuditLeaf.objects.filter(event=event).first()
    if leaf is None or checkpoint is None or leaf.index >= checkpoint.size:
        raise NotSealedYetError
    node = tiles_of(checkpoint.size).node
    return Proof(event, leaf, tree.inclusion_path(leaf.index, checkpoint.size, node), checkpoint)


def consistency_of(first: int, second: int | None = None) -> Consistency:
    """Return the proof that the log at `second` (default: now) begins with the log at `first`.

    Raises:
        UnknownCheckpointError: no checkpoint was signed at one of the sizes, or `first` is the larger one.
    """
    newest = newest_checkpoint()
    known = newest.size if newest else 0
    wanted = known if second is None else second
    signed = AuditCheckpoint.objects.in_bulk([first, wanted])
    for size in (first, wanted):
        if size not in signed or first > wanted:
            raise UnknownCheckpointError(size=size, newest=known)
    path = tree.consistency_path(first, wanted, tiles_of(wanted).node)
    return Consistency(signed[first], signed[wanted], path)


def seal_state() -> SealState:
    """Return how far the sealing is, and what is wrong with it, as far as it is still configured; four queries."""
    checkpoint = newest_checkpoint()
    waiting, oldest = _waiting(checkpoint)
    return SealState(
        checkpoint=checkpoint,
        waiting=waiting,
        lag=timezone.now() - oldest if oldest else timedelta(),
        copies=list(AuditCopy.objects.filter(name__in=outside.names())),
        alarms=list(AuditAlarm.objects.filter(cleared_at__isnull=True, source__in=[THE_TREE, *outside.names()])),
    )


def running_transactions() -> tuple[int, int]:
    """Return the first transaction that may still be running, and the first that has not begun."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {FirstRunningTransaction.template}, {NextTransaction.template}")
        running, following = cursor.fetchone()
    return int(running), int(following)


def _waiting(checkpoint: AuditCheckpoint | None) -> tuple[int, datetime | None]:
    """Return how many events no checkpoint covers, and when the oldest of them was written."""
    read_tx, read_id = (checkpoint.read_tx, checkpoint.read_id) if checkpoint else (0, NO_ID)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(at) FROM (SELECT at FROM governance_auditevent"
            " WHERE (tx, id) > (%s::xid8, %s::uuid) ORDER BY tx, id LIMIT %s) AS waiting",
            [str(read_tx), read_id, COUNTED_AT_MOST],
        )
        count, oldest = cursor.fetchone()
    return int(count), oldest


NO_ID = "00000000-0000-0000-0000-000000000000"
