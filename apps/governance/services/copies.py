"""Bringing the copies of the sealed log up to date. One that is down is tried again later, and stops nothing.

What a store holds says how far it is; the row `AuditCopy` only says so to people. So a run that was killed, a row that
was lost and a folder that was emptied are the same case: the next run goes on from what is there.
"""

from collections.abc import Callable
from datetime import timedelta
from zlib import crc32

import structlog
from django.db import transaction
from django.utils import timezone

from apps.core.db import try_lock
from apps.governance import outside, proofs
from apps.governance.models import AuditCheckpoint, AuditCopy
from apps.governance.sealing.stores import Store, StoreDisagreesError, StoreDownError
from apps.governance.sealing.tiles import WIDTH, full_tiles, number_path, open_tiles, tile_path
from apps.governance.sealing.tree import consistency_path
from apps.governance.sealing.witnesses import WitnessRemembersError, ask_witness
from apps.governance.services.sealing import clear_alarms, raise_alarm, refuse_unless_agrees

COPY_LOCK = 0x5EA1 << 32
CHECKPOINTS_AT_ONCE = 200
LONGEST_REST = timedelta(minutes=5)

log = structlog.get_logger(__name__)


def copy_to_folder() -> None:
    """Bring the copy that is at hand up to date."""
    _bring_up_to_date(outside.folder().name, AuditCopy.Kind.FILES, lambda row: _copy(outside.folder(), row))


def send_to_others() -> None:
    """Bring buckets up to date, and show the newest checkpoint to witnesses."""
    for store in outside.remote_stores():
        _bring_up_to_date(store.name, AuditCopy.Kind.BUCKET, lambda row, store=store: _copy(store, row))  # type: ignore[misc]
    for url in outside.witness_urls():
        _bring_up_to_date(url, AuditCopy.Kind.WITNESS, _show)


def _bring_up_to_date(name: str, kind: AuditCopy.Kind, bring: Callable[[AuditCopy], int]) -> None:
    """Do what `bring` does unless somebody is at it or the copy rests; keep how far it came, or why not further."""
    row, _ = AuditCopy.objects.get_or_create(name=name, defaults={"kind": kind})
    if row.next_try_at is not None and row.next_try_at > timezone.now():
        return
    with transaction.atomic():  # without a write before its end, so that sealing need not wait for this transaction
        if not try_lock(COPY_LOCK + crc32(name.encode())):
            return
        try:
            size = bring(row)
        except StoreDownError as error:
            _rest(row, str(error))
        except StoreDisagreesError as error:
            _rest(row, str(error))
            raise_alarm(source=name, message=str(error))
        else:
            if row.size != size or row.error:
                row.size, row.error, row.failures, row.next_try_at, row.copied_at = size, "", 0, None, timezone.now()
                row.save()
            clear_alarms(source=name)


def _rest(row: AuditCopy, error: str) -> None:
    row.failures += 1
    row.error = error
    row.next_try_at = timezone.now() + min(LONGEST_REST, timedelta(seconds=2 ** min(row.failures, 10)))
    row.save()
    log.warning("audit.copy_down", copy=row.name, error=error, failures=row.failures)


def _copy(store: Store, row: AuditCopy) -> int:
    """Copy what a store lacks, tiles before the checkpoints that need them, and return how far it is then."""
    newest = proofs.newest_checkpoint()
    seen = refuse_unless_agrees(store, newest)
    if newest is None:
        return 0
    done = seen.size if seen else 0
    if done == newest.size:
        return done
    if done < row.size:
        log.error("audit.copy_lost", copy=store.name, had=row.size, has=done)
    missing = list(AuditCheckpoint.objects.filter(size__gt=done).order_by("size")[:CHECKPOINTS_AT_ONCE])
    target = missing[-1]
    became_full = full_tiles(done, target.size)
    for level, index in became_full:
        store.keep(tile_path(level, index), proofs.load_tile(level, index, WIDTH), for_good=True)
    for level, index, width in open_tiles(target.size):
        store.keep(tile_path(level, index, width), proofs.load_tile(level, index, width), for_good=False)
    for checkpoint in missing:
        store.keep(f"checkpoints/{number_path(checkpoint.size)}", checkpoint.note.encode(), for_good=True)
    store.keep_latest(target.note)
    for level, index in became_full:
        store.drop_partial(tile_path(level, index))
    return target.size


def _show(row: AuditCopy) -> int:
    """Show a witness the newest checkpoint, and keep how it signs it."""
    newest = proofs.newest_checkpoint()
    if newest is None or (newest.size == row.size and row.cosignature):
        return row.size
    try:
        row.cosignature = _asked(row.name, newest, known=row.size)
    except WitnessRemembersError as error:
        if error.size > newest.size:
            raise StoreDisagreesError(
                f"{row.name} was shown {error.size} leaves, and the database has {newest.size}: it was restored from "
                "an older backup, or events were taken out of it. Nothing is signed until a person has looked."
            ) from None
        row.cosignature = _asked(row.name, newest, known=error.size)
    return newest.size


def _asked(url: str, newest: AuditCheckpoint, *, known: int) -> str:
    path = consistency_path(known, newest.size, proofs.tiles_of(newest.size).node) if known else []
    return ask_witness(url, known=known, path=path, note=newest.note)
