"""What the audit log costs, beside the same work without it: writing events, sealing them, checking a million of them.

Each event is written in the transaction of a change of a governed row, as in production, and that table's trigger looks
for it at the commit. `audit_p50_ms` is what the event adds to the median of that transaction; one process writes, with
and without an event in turns. `audit_events_per_s` is what two processes make together for ten seconds, while a third
seals every second, as the worker does; `seal_p99_s` is how long 99 of 100 of those events wait for the checkpoint that
they are in. All of these share the machine's cores with PostgreSQL: on two cores, the two writers have much less than
two.

The database is one for tests: it commits without waiting for its disk, calls no fsync and writes no full pages
(`NOT_DURABLE` in `llmops_portal/local/postgres.py`), so that what is measured is the event and not the disk.

`audit_verify_1e6_s` is `tools/llmops_verify.py` checking an export of a million events against its sealed log.
"""

import hashlib
import itertools
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connections

from llmops_portal.bench.databases import empty_database
from llmops_portal.bench.figures import Figure
from llmops_portal.local import paths

WRITERS, WRITING_S, ALONE = 2, 10.0, 3000
LINES, LINES_AT_ONCE = 1_000_000, 65_536
READY_WITHIN_S = 120
SEAL_EVERY_S = 1.0
SCRIPT = paths.CHECKOUT / "tools" / "llmops_verify.py"
UNSEALED = """
SELECT count(*) FROM governance_auditevent AS event
WHERE id >= %s AND NOT EXISTS (SELECT FROM governance_auditleaf AS leaf WHERE leaf.event_id = event.id)
"""
LAG = """
SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM checkpoint.at - event.at))
FROM governance_auditevent AS event JOIN governance_auditleaf AS leaf ON leaf.event_id = event.id
CROSS JOIN LATERAL (
    SELECT at FROM governance_auditcheckpoint WHERE size > leaf."index" ORDER BY size LIMIT 1
) AS checkpoint
WHERE event.id >= %s
"""


def measure() -> list[Figure]:
    """Return what writing, sealing and checking cost."""
    with empty_database():
        without_ms, with_ms = _alone()
        connections.close_all()
        bare, _ = _together(with_event=False)
        events, lag_s = _together(with_event=True)
    checked_s, hashed_s = _million()
    return [
        Figure(name="audit_events_per_s", value=events, baseline_name="the same without, per s", baseline=bare),
        Figure(
            name="audit_p50_ms",
            value=with_ms - without_ms,
            baseline_name="the transaction without, ms",
            baseline=without_ms,
        ),
        Figure(name="seal_p99_s", value=lag_s, baseline_name="from one sealing to the next, s", baseline=SEAL_EVERY_S),
        Figure(name="audit_verify_1e6_s", value=checked_s, baseline_name="SHA-256 of the lines, s", baseline=hashed_s),
    ]


def _alone() -> tuple[float, float]:
    """Return the median of a transaction without an event and with one, in milliseconds, in turns."""
    took: list[tuple[Change, list[float]]] = [(change, []) for change in _changes("alone")]
    for _ in range(ALONE):
        for change, times in took:
            change.prepare()
            began = time.perf_counter()
            change.make()
            times.append((time.perf_counter() - began) * 1000)
    without, with_event = (statistics.median(times) for _, times in took)
    return without, with_event


def _together(*, with_event: bool) -> tuple[float, float]:
    """Return how many transactions all writers make in a second, and how long events wait to be sealed (99 of 100)."""
    from django.db import connection, connections  # noqa: PLC0415

    from apps.core.ids import new_id  # noqa: PLC0415

    context = multiprocessing.get_context("spawn")
    begin, stop, first = context.Event(), context.Event(), new_id()
    with tempfile.TemporaryDirectory() as folder:
        writers = [_started(context, write, begin, f"writer-{number}", with_event) for number in range(WRITERS)]
        sealer = _started(context, seal, begin, stop, folder)
        for _, here in [*writers, sealer]:
            _received(here)
        begin.set()
        rate = sum(_received(here) for _, here in writers) / WRITING_S
        time.sleep(2 * SEAL_EVERY_S)
        stop.set()
        _received(sealer[1])
        for process, _ in [*writers, sealer]:
            process.join()
    lag_s = _lag_since(first, connection) if with_event else 0.0
    connections.close_all()
    return rate, lag_s


def write(there: Connection, begin: Event, name: str, with_event: bool) -> None:
    """Be one writer: make as many transactions as there is time for, and tell how many."""
    import django  # noqa: PLC0415

    django.setup()
    made, change = 0, _changes(name)[with_event]
    change.prepare()
    for _ in range(100):
        change.make()
    there.send(0)
    begin.wait(READY_WITHIN_S)
    until = time.perf_counter() + WRITING_S
    while time.perf_counter() < until:
        change.make()
        made += 1
    there.send(made)


def seal(there: Connection, begin: Event, stop: Event, folder: str) -> None:
    """Be the worker: seal every second until told to stop."""
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415

    from apps.governance.services import copies, sealing  # noqa: PLC0415

    settings.AUDIT_LOG_DIR = Path(folder) / "audit-log"
    while sealing.seal_events():  # what an earlier run left
        pass
    there.send(0)
    begin.wait(READY_WITHIN_S)
    due = time.perf_counter()
    while not stop.is_set():
        sealing.seal_events()
        copies.copy_to_folder()
        due += SEAL_EVERY_S
        time.sleep(max(0.0, due - time.perf_counter()))
    there.send(0)


@dataclass(frozen=True, slots=True)
class Change:
    """A small transaction, and what a session has to say before its first."""

    prepare: Callable[[], None]
    make: Callable[[], None]


def _changes(name: str) -> tuple[Change, Change]:
    """Return a change of a governed row, and the same with its audit event.

    The row is one of a table whose trigger demands an event at each commit; without one the session says, as the
    owner of the tables, that it goes unaudited. The trigger runs in both.
    """
    from django.db import connection, transaction  # noqa: PLC0415

    from apps.accounts.models import Organisation, Team, User  # noqa: PLC0415
    from apps.catalog.services import create_model  # noqa: PLC0415
    from apps.governance.services import record_event  # noqa: PLC0415

    organisation, _ = Organisation.objects.get_or_create(slug="bench", defaults={"name": "Bench"})
    team, _ = Team.objects.get_or_create(slug=f"bench-{name}", defaults={"organisation": organisation, "name": name})
    actor, _ = User.objects.get_or_create(username=f"bench-{name}", defaults={"is_superuser": True})
    model = create_model(actor=actor, team=team, name="bench", type="base", model_family="llama")
    flips = itertools.cycle([("draft", "under_review"), ("under_review", "draft")])

    def go(unaudited: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('governance.unaudited', %s, false)", [unaudited])

    def write() -> tuple[str, str]:
        before, after = next(flips)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE catalog_modelversion SET status = %s WHERE id = %s", [after, model.pk])
        return before, after

    def change() -> None:
        with transaction.atomic():
            write()

    def change_and_record() -> None:
        with transaction.atomic():
            before, after = write()
            told = {"status": after, "digest": "sha256:" + "0" * 64}
            record_event(
                actor=actor,
                action="modelversion.submit",
                subject=model,
                before={"status": before},
                after=told,
                reason="Ready for review",
            )

    return Change(lambda: go("on"), change), Change(lambda: go(""), change_and_record)


def _started(context: Any, work: Callable[..., None], *arguments: object) -> tuple[Any, Connection]:
    here, there = context.Pipe()
    process = context.Process(target=work, args=(there, *arguments), daemon=True)
    process.start()
    return process, here


def _received(here: Connection) -> int:
    if not here.poll(READY_WITHIN_S):
        raise TimeoutError(f"a process of the bench says nothing for {READY_WITHIN_S} s")
    return int(here.recv())


def _lag_since(first: UUID, connection: Any) -> float:
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED, [first])
        if unsealed := cursor.fetchone()[0]:
            raise ValueError(f"{unsealed} events were not sealed")
        cursor.execute(LAG, [first])
        return float(cursor.fetchone()[0])


def _million() -> tuple[float, float]:
    """Return how long the script takes to check a million events, and how long it takes to hash their lines."""
    with tempfile.TemporaryDirectory() as name:
        export, folder = Path(name, "export.jsonl"), Path(name, "audit-log")
        key = _sealed_export(export, folder)
        began = time.perf_counter()
        with export.open("rb") as file:
            for line in file:
                hashlib.sha256(line).digest()
        hashed_s = time.perf_counter() - began
        began = time.perf_counter()
        told = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), "export", str(export), "--key", key, "--log", str(folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        checked_s = time.perf_counter() - began
    if not told.stdout.startswith(f"HOLDS: {LINES} events"):
        raise ValueError(told.stdout)
    return checked_s, hashed_s


def _sealed_export(export: Path, folder: Path) -> str:
    """Write a log of a million events and its copy; return its public key."""
    from apps.governance.sealing.notes import Checkpoint, Signer  # noqa: PLC0415
    from apps.governance.sealing.tiles import Edge, Tile, open_tiles, tile_path  # noqa: PLC0415
    from apps.governance.sealing.tree import leaf_hash  # noqa: PLC0415

    said = {"action": "modelversion.approve", "reason": "All rules hold, 검토 완료", "more": "x" * 330}
    edge, tail = Edge(0), [b""]

    def keep(path: str, content: bytes) -> None:  # without waiting for the disk, which is not what is measured
        Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, path).write_bytes(content)

    with export.open("wb") as file:
        for begin in range(0, LINES, LINES_AT_ONCE):
            lines = [
                json.dumps({"id": f"{number:032x}", **said}, ensure_ascii=False, separators=(",", ":")).encode()
                for number in range(begin, min(LINES, begin + LINES_AT_ONCE))
            ]
            leaves = [leaf_hash(line) for line in lines]
            full: list[Tile] = edge.append(leaves)
            for tile in full:
                if tile.level == 0:
                    keep(tile_path(0, tile.index), tile.hashes)
            tail = leaves
            file.write(b"\n".join([*lines, b""]))
    for level, index, width in open_tiles(LINES):
        if level == 0:
            keep(tile_path(0, index, width), b"".join(tail[-width:]))
    signer = Signer("bench.example/audit-log", "A" * 43 + "=")
    keep("checkpoint", signer.sign(Checkpoint(signer.origin, LINES, edge.root())).encode())
    return signer.verifier_key
