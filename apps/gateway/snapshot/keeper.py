"""Keeping the snapshot fresh: PostgreSQL says when something changed, a sweep looks anyway, and age is counted.

The database may go away: the last snapshot then serves until it is too old, and then every call is refused.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, connection, connections

from apps.gateway.background import begin
from apps.gateway.errors import SnapshotStaleError
from apps.gateway.snapshot.records import Snapshot

log = structlog.get_logger(__name__)

CHANNEL = "gateway"
LISTEN_AGAIN_S = 1.0
QUIET_FOR_S = 60.0  # a connection that says nothing for so long is asked whether it still lives

Loader = Callable[[Snapshot | None], Snapshot]


class SnapshotKeeper:
    """Holds the current snapshot and replaces it as a whole.

    Args:
        max_age_s: beyond it the snapshot is no longer believed.
        load: reads a snapshot, given the one before; called in a thread.
        on_change: called in the loop with each new snapshot.
    """

    def __init__(
        self,
        *,
        max_age_s: float,
        sweep_every_s: float,
        load: Loader,
        on_change: Callable[[Snapshot], None] = lambda _: None,
    ) -> None:
        self._snapshot: Snapshot | None = None
        self._max_age_s = max_age_s
        self._sweep_every_s = sweep_every_s
        self._load = load
        self._on_change = on_change
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        # One thread, hence one connection to the database.
        self._thread = ThreadPoolExecutor(1, "snapshot")
        self.is_listening = False

    def current(self) -> Snapshot:
        """Return the snapshot to decide by.

        Raises:
            SnapshotStaleError: there is none yet, or it is too old.
        """
        snapshot = self._snapshot
        if snapshot is None or time.monotonic() - snapshot.taken_at > self._max_age_s:
            raise SnapshotStaleError(retry_after_s=5)
        return snapshot

    @property
    def age_s(self) -> float | None:
        """Seconds since the current snapshot was read; None before the first."""
        return time.monotonic() - self._snapshot.taken_at if self._snapshot else None

    def replace(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._on_change(snapshot)

    async def start(self) -> None:
        """Begin to listen and to sweep; waits for the first reading, whether it succeeds or not."""
        await self._reload()
        self._tasks = [begin(self._sweep(), name="snapshot.sweep"), begin(self._listen(), name="snapshot.listen")]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.submit(connections.close_all)
        self._thread.shutdown()

    async def _sweep(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._wait_s)
            # Cleared before reading: what changes during the reading is read once more.
            self._changed.clear()
            await self._reload()

    @property
    def _wait_s(self) -> float:
        """Without a snapshot that is believed there is nothing to do but to try again soon."""
        age_s = self.age_s
        return LISTEN_AGAIN_S if age_s is None or age_s > self._sweep_every_s else self._sweep_every_s

    async def _reload(self) -> None:
        try:
            loading = asyncio.get_running_loop().run_in_executor(self._thread, self._load, self._snapshot)
            self.replace(await loading)
        except (DatabaseError, InterfaceError, OSError) as error:  # OSError: of the spool's files, which it reads too
            log.warning("snapshot.not_read", error=str(error).strip(), age_s=self.age_s)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (psycopg.Error, OSError) as error:
                log.warning("snapshot.not_listening", error=str(error).strip())
            self.is_listening = False
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def _listen_once(self) -> None:
        async with await psycopg.AsyncConnection.connect(**_connection_parameters(), autocommit=True) as listening:
            await listening.execute(f"LISTEN {CHANNEL}")
            self.is_listening = True
            # What changed while nobody listened was not heard.
            self._changed.set()
            while True:
                async for _ in listening.notifies(timeout=QUIET_FOR_S):
                    self._changed.set()
                await listening.execute("SELECT 1")


def _connection_parameters() -> dict[str, Any]:
    """Return how Django reaches the database, as psycopg takes it."""
    parameters: dict[str, Any] = connection.get_connection_params()
    for only_for_django in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(only_for_django, None)
    return parameters
