"""Budgets on the request path: what a call can cost is held back before it starts, and settled when it has ended.

What a team has spent is three sums, of which each cost is in exactly one at any time:
- booked: in the ledger, as of the snapshot;
- unbooked: recorded in spool files, but not in the ledger as of the snapshot;
- reserved: of calls in progress.

A recorded cost leaves "unbooked" with the first snapshot that has read its line's place in the spool as taken over: the
ledger and that place are written in one transaction, and the snapshot reads both in one.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from apps.costs.money import usd_of
from apps.gateway.errors import BudgetReservedError, BudgetSpentError
from apps.gateway.snapshot.records import Snapshot

RETRY_RESERVED_S = 2


@dataclass(frozen=True, slots=True)
class SpoolPlace:
    """Where a recorded line ends: file name and offset in bytes."""

    file: str
    end: int


@dataclass(frozen=True, slots=True)
class _Recorded:
    place: SpoolPlace
    team_id: UUID
    month: date
    nano: int


class BudgetBook:
    """What each team has spent this month, to the call. For use in one thread."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._reserved: dict[UUID, int] = defaultdict(int)
        self._recorded: deque[_Recorded] = deque()
        self._recorded_nano: dict[tuple[UUID, date], int] = defaultdict(int)

    def catch_up(self, snapshot: Snapshot) -> None:
        """Take over a new snapshot: what it has as booked is no longer counted as recorded only."""
        self._snapshot = snapshot
        offsets = snapshot.spool_offsets
        while self._recorded and self._recorded[0].place.end <= offsets.get(self._recorded[0].place.file, 0):
            booked = self._recorded.popleft()
            self._add_recorded(booked, -booked.nano)

    @contextmanager
    def held(self, team_id: UUID, nano: int, *, at: datetime) -> Iterator[None]:
        """Hold back `nano` of the team's budget for the time of a block.

        Record what the call really cost as the block ends, without waiting in between: then nobody ever sees neither.

        Raises:
            BudgetSpentError: what is left of the budget is less.
            BudgetReservedError: it would do but for calls in progress.
        """
        self._refuse_unless_left(team_id, nano, at)
        self._reserved[team_id] += nano
        try:
            yield
        finally:
            self._reserved[team_id] -= nano
            if not self._reserved[team_id]:
                del self._reserved[team_id]

    def record(self, team_id: UUID, nano: int, *, at: datetime, place: SpoolPlace) -> None:
        """Count a cost whose line has been appended to the spool; calls come in the order of the lines."""
        recorded = _Recorded(place, team_id, month_of(at), nano)
        self._recorded.append(recorded)
        self._add_recorded(recorded, nano)

    def spent_nano(self, team_id: UUID, *, at: datetime) -> int:
        """Return what the team has spent in the month of `at`, without what is reserved."""
        month, snapshot = month_of(at), self._snapshot
        spent = self._recorded_nano.get((team_id, month), 0)
        if snapshot is not None and snapshot.month == month:
            spent += snapshot.spent_nano.get(team_id, 0) + snapshot.unbooked_nano.get(team_id, 0)
        return spent

    def limit_nano(self, team_id: UUID) -> int | None:
        """Return the team's tightest enforced budget, or None."""
        return self._snapshot.limits_nano.get(team_id) if self._snapshot else None

    def _refuse_unless_left(self, team_id: UUID, nano: int, at: datetime) -> None:
        limit = self.limit_nano(team_id)
        if limit is None:
            return
        left = limit - self.spent_nano(team_id, at=at)
        if left < nano or left <= 0:
            raise BudgetSpentError(
                limit_usd=f"{usd_of(limit):.2f}", month=f"{at:%B %Y}", retry_after_s=_rest_of_month_s(at)
            )
        if left - self._reserved.get(team_id, 0) < nano:
            raise BudgetReservedError(retry_after_s=RETRY_RESERVED_S)

    def _add_recorded(self, recorded: _Recorded, nano: int) -> None:
        key = (recorded.team_id, recorded.month)
        self._recorded_nano[key] += nano
        if not self._recorded_nano[key]:
            del self._recorded_nano[key]


def month_of(moment: datetime) -> date:
    """Return the first day of the month of a moment in UTC."""
    return date(moment.year, moment.month, 1)


def _rest_of_month_s(at: datetime) -> int:
    next_month = (at.date().replace(day=1) + timedelta(days=32)).replace(day=1)
    return int((datetime.combine(next_month, time(), tzinfo=UTC) - at).total_seconds()) + 1
