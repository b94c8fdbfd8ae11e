"""What lies in the folder of a job, as it is read from outside. The program's own `folder.py` says what it writes.

Models and data speak through these files, so every text is made fit to be kept as it is read.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.core.blobs import Beat, blob_of, unheard
from apps.core.errors import DomainError
from apps.core.text import kept_json

EVENTS_CHUNK_BYTES = 1 << 20

Record = dict[str, Any]


class OutputDamagedError(DomainError):
    """What the job left is not what it says it left."""

    code = "program.output_damaged"
    message = "The job's output is not what its manifest says: {why}."


@dataclass(frozen=True, slots=True)
class Events:
    """A piece of a job's events.

    Attributes:
        records: the whole lines of the piece, as objects.
        end: the offset in bytes to go on from.
        unreadable: how many lines were no objects.
    """

    records: tuple[Record, ...]
    end: int
    unreadable: int


def events_from(folder: Path, offset: int) -> Events:
    """Return what has been written to `events.jsonl` since `offset`; a line that is not whole yet waits."""
    try:
        with (folder / "events.jsonl").open("rb") as file:
            file.seek(offset)
            piece = file.read(EVENTS_CHUNK_BYTES)
    except FileNotFoundError:
        return Events((), offset, 0)
    whole = piece[: piece.rfind(b"\n") + 1]
    lines = whole.splitlines()
    records = tuple(record for line in lines if (record := _record(line)) is not None)
    return Events(records, offset + len(whole), len(lines) - len(records))


def read_record(folder: Path, name: str) -> Record | None:
    """Return a JSON file such as `result.json` or `facts.json`, or None when there is none."""
    try:
        return dict(kept_json(json.loads((folder / name).read_bytes())))
    except FileNotFoundError:
        return None


def verified_output(folder: Path, *, beat: Beat = unheard) -> dict[str, Path]:
    """Return the model's files by their path inside the model, each checked against the manifest.

    Args:
        beat: called after each piece of a file.

    Raises:
        OutputDamagedError: a file is missing, one is too many, or bytes differ.
    """
    manifest, output = read_record(folder, "manifest.json"), folder / "output"
    if manifest is None:
        raise OutputDamagedError(why="there is no manifest.json")
    listed = {str(entry["path"]): str(entry["sha256"]) for entry in manifest["files"]}
    present = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    if missing := sorted(listed.keys() - present):
        raise OutputDamagedError(why=f"'{missing[0]}' is missing")
    if extra := sorted(present - listed.keys()):
        raise OutputDamagedError(why=f"'{extra[0]}' is not listed")
    for path, sha256 in listed.items():
        if blob_of(output / path, beat=beat).sha256 != sha256:
            raise OutputDamagedError(why=f"'{path}' has other bytes")
    return {path: output / path for path in sorted(listed)}


def predictions(folder: Path) -> Iterator[Record]:
    """Yield the answers of a `generate` job that are there so far."""
    try:
        with (folder / "predictions.jsonl").open("rb") as file:
            for line in file:
                if (record := _record(line)) is not None:
                    yield record
    except FileNotFoundError:
        return


def _record(line: bytes) -> Record | None:
    try:
        found = kept_json(json.loads(line))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
