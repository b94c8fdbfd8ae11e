"""Sealing: events become leaves of one Merkle tree, and its root is signed.

What the portal does here by itself makes no audit event: each would be one more to seal. An alarm does make one.

The tree is a function of the events alone. A run takes those whose transactions have ended, in the order of
(transaction, id), and no event can come to stand before one that was taken. So a run that was killed after it signed
and before it committed is repeated by the next one with the same leaves first: of one size there is only one tree to
sign.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.services import system_account
from apps.core.db import try_lock
from apps.governance import outside, proofs
from apps.governance.models import AuditAlarm, AuditCheckpoint, AuditCopy, AuditTile
from apps.governance.sealing.notes import BadNoteError, Checkpoint, read_note
from apps.governance.sealing.stores import Store, StoreDisagreesError, StoreDownError
from apps.governance.sealing.tiles import WIDTH, Edge
from apps.governance.services.audit import record_event

SEALER_LOCK = 0x5EA1_0001
BATCH = 20_000

log = structlog.get_logger(__name__)

# Row by row the leaf of an event is looked up: the planner, who does not know that only few events are new, would
# otherwise read the whole table of leaves. Events of a transaction that this cluster has not seen yet were restored
# from another one, where it has ended.
ADD_LEAVES = """
WITH fresh AS (
    SELECT event.id, event.tx, event.canonical FROM governance_auditevent AS event
    WHERE (event.tx, event.id) > (%(read_tx)s::xid8, %(read_id)s::uuid)
      AND (event.tx < %(running)s::xid8 OR event.tx >= %(next)s::xid8)
      AND NOT EXISTS (SELECT FROM governance_auditleaf AS leaf WHERE leaf.event_id = event.id)
    ORDER BY event.tx, event.id LIMIT %(limit)s
)
INSERT INTO governance_auditleaf ("index", event_id, hash)
SELECT %(size)s + row_number() OVER (ORDER BY tx, id) - 1, id, sha256('\\x00'::bytea || convert_to(canonical, 'UTF8'))
FROM fresh
RETURNING "index", hash, event_id
"""


class SealingRefusedError(Exception):
    """Signing now would contradict what was signed before."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(message)
        self.source = source


def seal_events(*, limit: int = BATCH) -> int:
    """Seal the events whose transactions have ended, at most `limit` of them, and return how many they were.

    0 as well when another run is at it, or when it refuses to sign: then there is an open `AuditAlarm` that says why.
    """
    try:
        with transaction.atomic():
            if not try_lock(SEALER_LOCK):
                return 0
            sealed = _extend(limit)
    except SealingRefusedError as error:
        raise_alarm(source=error.source, message=str(error))
        return 0
    if sealed:
        clear_alarms(source=proofs.THE_TREE)
    return sealed


def raise_alarm(*, source: str, message: str) -> None:
    """Keep for people to see what is wrong with the log, once for as long as it lasts."""
    log.error("audit.alarm", source=source, message=message)
    with transaction.atomic():
        if AuditAlarm.objects.filter(source=source, cleared_at__isnull=True, message=message).exists():
            return
        AuditAlarm.objects.filter(source=source, cleared_at__isnull=True).update(cleared_at=timezone.now())
        alarm = AuditAlarm.objects.create(source=source, message=message)
        record_event(
            actor=system_account(), action="auditalarm.raise", subject=alarm, after={"source": source}, reason=message
        )


def clear_alarms(*, source: str) -> None:
    """Say of alarms of `source` that their cause is gone."""
    with transaction.atomic():
        for alarm in AuditAlarm.objects.select_for_update().filter(source=source, cleared_at__isnull=True):
            alarm.cleared_at = timezone.now()
            alarm.save(update_fields=["cleared_at"])
            record_event(actor=system_account(), action="auditalarm.clear", subject=alarm, after={"source": source})


def refuse_unless_agrees(store: Store, last: AuditCheckpoint | None) -> Checkpoint | None:
    """Return the latest checkpoint of a store, which is one of this log; None where it holds none.

    Raises:
        StoreDisagreesError: the store knows a tree that this database does not: it was altered, or restored from a
            backup that is older than the copy.
        StoreDownError: the store does not answer.
    """
    note = store.latest()
    if note is None:
        return None
    try:
        seen = read_note(note)
    except BadNoteError as error:
        raise StoreDisagreesError(f"What {store.name} holds is no checkpoint. {error}") from None
    origin = outside.signer().origin
    if seen.origin != origin:
        raise StoreDisagreesError(f"{store.name} holds the log '{seen.origin}' and not '{origin}'.")
    if seen.size > (last.size if last else 0):
        known = last.size if last else 0
        raise StoreDisagreesError(
            f"{store.name} knows {seen.size} leaves, and the database {known}: it was restored from an older backup, "
            "or events were taken out of it. Nothing is signed until a person has looked."
        )
    ours = AuditCheckpoint.objects.filter(size=seen.size).first()
    if ours is None or bytes(ours.root) != seen.root:
        raise StoreDisagreesError(
            f"{store.name} has another tree of {seen.size} leaves than the database: one of the two was altered."
        )
    return seen


def _extend(limit: int) -> int:
    """Add leaves, tiles and a checkpoint. All of it commits, or none does."""
    last = proofs.newest_checkpoint()
    read = _Read.after(last)
    leaves = read.take(size=last.size if last else 0, limit=limit)
    if not leaves:
        return 0
    edge = _edge_of(last)
    _refuse_to_contradict(last)
    full = edge.append(leaf for _, leaf, _ in leaves)
    AuditTile.objects.bulk_create(
        AuditTile(level=tile.level, index=tile.index, hashes=tile.hashes, root=tile.root) for tile in full
    )
    signer, root = outside.signer(), edge.root()
    read_tx, read_id = read.reached(leaves, limit)
    AuditCheckpoint.objects.create(
        size=edge.size,
        root=root,
        note=signer.sign(Checkpoint(signer.origin, edge.size, root)),
        at=timezone.now(),
        read_tx=read_tx,
        read_id=read_id,
    )
    return len(leaves)


class _Read:
    """Which events are read: those behind (`tx`, `id`) whose transactions have ended."""

    def __init__(self, tx: int, event_id: str, running: int, following: int) -> None:
        self.tx, self.id, self.running, self.following = tx, event_id, running, following

    @classmethod
    def after(cls, last: AuditCheckpoint | None) -> "_Read":
        running, following = proofs.running_transactions()
        if last is None or last.read_tx > following:
            # Nothing was read, or transactions are counted anew since the database moved to another cluster.
            return cls(0, proofs.NO_ID, running, following)
        return cls(last.read_tx, str(last.read_id), running, following)

    def take(self, *, size: int, limit: int) -> list[tuple[int, bytes, UUID]]:
        """Make the next leaves, and return (index, hash, event id) of each in order."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
            # Whatever the server is set to: what is shown to others must survive a power cut.
            cursor.execute("SET LOCAL synchronous_commit = on")
            cursor.execute(
                ADD_LEAVES,
                {
                    "read_tx": str(self.tx),
                    "read_id": self.id,
                    "running": str(self.running),
                    "next": str(self.following),
                    "size": size,
                    "limit": limit,
                },
            )
            return sorted((index, bytes(leaf), event_id) for index, leaf, event_id in cursor.fetchall())

    def reached(self, leaves: Sequence[tuple[int, bytes, UUID]], limit: int) -> tuple[int, str]:
        """Return what the next run begins behind."""
        if len(leaves) < limit:
            return self.running, proofs.NO_ID
        with connection.cursor() as cursor:
            cursor.execute("SELECT tx, id FROM governance_auditevent WHERE id = %s", [leaves[-1][2]])
            tx, event_id = cursor.fetchone()
        return int(tx), str(event_id)


def _edge_of(last: AuditCheckpoint | None) -> Edge:
    """Return the right edge of the tree that was signed last.

    Raises:
        SealingRefusedError: what the database holds is not that tree.
    """
    if last is None:
        return Edge(0)
    levels = range(1 + max(0, last.size.bit_length() - 1) // (WIDTH.bit_length() - 1))
    edge = Edge(last.size, [proofs.open_row(level, last.size) for level in levels])
    if edge.root() != bytes(last.root):
        raise SealingRefusedError(
            proofs.THE_TREE,
            f"The leaves and tiles in the database do not give the root that was signed at {last.size}: they were "
            "altered. Nothing is signed until a person has looked.",
        )
    return edge


def _refuse_to_contradict(last: AuditCheckpoint | None) -> None:
    """Refuse if anybody outside knows more of this log, or something else. A store that is down is not waited for."""
    now = timezone.now()
    resting = set(AuditCopy.objects.filter(next_try_at__gt=now).values_list("name", flat=True))
    for store in outside.stores():
        if store.name in resting:
            continue
        try:
            refuse_unless_agrees(store, last)
        except StoreDownError as error:
            log.warning("audit.copy_down", copy=store.name, error=str(error))
        except StoreDisagreesError as error:
            raise SealingRefusedError(store.name, str(error)) from None
    alarm = AuditAlarm.objects.filter(source__in=outside.witness_urls(), cleared_at__isnull=True).first()
    if alarm is not None:
        raise SealingRefusedError(alarm.source, alarm.message)
