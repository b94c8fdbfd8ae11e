"""What has been spent according to spool files that nobody has booked yet.

A gateway that was killed, or whose database was away, left its lines in files. Whoever starts next must count them, or
budgets would forget what was spent.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

from apps.costs.money import nano_of
from apps.telemetry.errors import DamagedLineError
from apps.telemetry.spool import event_of, read_batch, spool_files


def unbooked_nano(
    folder: Path, *, offsets: Mapping[str, int], month: date, except_files: Collection[str]
) -> dict[UUID, int]:
    """Return, per team, the costs of the lines that lie behind `offsets`, in nano-dollars.

    Args:
        offsets: per file, up to which byte it is booked.
        month: only requests of the month that begins then are counted.
        except_files: names of files that the caller counts itself.
    """
    spent: dict[UUID, int] = defaultdict(int)
    for path in spool_files(folder):
        if path.name not in except_files:
            _add(path, offsets.get(path.name, 0), month, spent)
    return dict(spent)


def _add(path: Path, offset: int, month: date, spent: dict[UUID, int]) -> None:
    while True:
        try:
            batch = read_batch(path, offset, closed=False)
        except FileNotFoundError:  # taken over and removed meanwhile
            return
        if not batch.lines:
            return
        for line in batch.lines:
            try:
                event = event_of(line)
            except DamagedLineError:  # shipping puts it aside and says so
                continue
            if event.team_id and (event.at.year, event.at.month) == (month.year, month.month):
                spent[event.team_id] += nano_of(event.cost_usd)
        offset = batch.end
