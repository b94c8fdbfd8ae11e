"""What all calls of one gateway process share, and how it is started and stopped."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import structlog
from django.db import close_old_connections

from apps.core.errors import DomainError
from apps.gateway.background import begin
from apps.gateway.calls.budgets import BudgetBook
from apps.gateway.conf import GatewaySettings
from apps.gateway.errors import ClientGoneError
from apps.gateway.front.answers import status_of
from apps.gateway.metrics import Metrics
from apps.gateway.recording.leftover import unbooked_nano
from apps.gateway.recording.record import Outcome, Record
from apps.gateway.recording.spool import Spool, sync_and_close
from apps.gateway.snapshot.keeper import Loader, SnapshotKeeper
from apps.gateway.snapshot.loading import load_snapshot
from apps.gateway.snapshot.records import Snapshot
from apps.gateway.upstream import Upstreams

log = structlog.get_logger(__name__)

SYNC_EVERY_S = 1.0


class Gateway:
    """Snapshot, budgets, spool, upstreams and figures of one process. For use in one event loop."""

    def __init__(self, *, spool_folder: Path, settings: GatewaySettings, load: Loader | None = None) -> None:
        self.settings = settings
        self.spool = Spool(
            spool_folder,
            segment_max_bytes=settings.segment_max_bytes,
            segment_max_age_s=settings.segment_max_age_s,
        )
        self.budgets = BudgetBook()
        self.upstreams = Upstreams(settings)
        self.metrics = Metrics()
        self.snapshots = SnapshotKeeper(
            max_age_s=settings.snapshot_max_age_s,
            sweep_every_s=settings.sweep_every_s,
            load=load or self._load,
            on_change=self.budgets.catch_up,
        )
        self._spool_folder = spool_folder

    async def start(self) -> None:
        self.spool.open()
        await self.upstreams.open()
        await self.snapshots.start()
        self._syncing = begin(self._sync(), name="spool.sync")

    async def stop(self) -> None:
        self._syncing.cancel()
        await asyncio.gather(self._syncing, return_exceptions=True)
        await self.snapshots.stop()
        await self.upstreams.close()
        self.spool.close()

    @contextmanager
    def kept(self, record: Record) -> Iterator[None]:
        """Write down what happened in a block, however it ends; the exception goes on."""
        try:
            yield
        except DomainError as refusal:
            record.refused(refusal, status=status_of(refusal))
            raise
        except (ClientGoneError, asyncio.CancelledError):
            record.abandoned()
            raise
        except BaseException as error:
            record.ended(Outcome.CUT, status=500, error=f"{type(error).__name__}: {error}")
            raise
        finally:
            self._keep(record)

    def _keep(self, record: Record) -> None:
        self.metrics.count(record)
        if record.caller is None:  # a stranger's knocking would fill the disk
            return
        place = self.spool.append(record.line())
        if record.route is not None and record.cost_nano:
            self.budgets.record(record.route.team_id, record.cost_nano, at=record.at, place=place)

    def _load(self, previous: Snapshot | None) -> Snapshot:
        """Load a snapshot, in a thread; its connection is given back to the pool whatever happens."""
        try:
            snapshot = load_snapshot(previous)
        finally:
            close_old_connections()
        others = unbooked_nano(
            self._spool_folder,
            offsets=snapshot.spool_offsets,
            month=snapshot.month,
            except_files=frozenset(self.spool.own_files),
        )
        return replace(snapshot, unbooked_nano=others)

    async def _sync(self) -> None:
        synced_at = 0
        while True:
            await asyncio.sleep(SYNC_EVERY_S)
            self.spool.flush()
            if (end := self.spool.end) == synced_at:
                continue
            try:
                await asyncio.to_thread(sync_and_close, self.spool.duplicate())
            except OSError as error:
                log.warning("spool.not_synced", error=str(error))
            else:
                synced_at = end
