"""The folder of a job: the only thing that the program and whoever started it share.

    spec.json          what is asked (written by the starter)
    events.jsonl       what happened so far, one object a line: phases, metrics, checkpoints, remarks
    output/            the model's files                                       (train)
    predictions.jsonl  one answer a line                                       (generate)
    facts.json         what was made and how: sizes, losses, seconds, versions
    manifest.json      path, size and sha256 of each file in output/           (train)
    result.json        how it ended; written last, once
    checkpoints/       what a run after a crash goes on from; gone when the job has succeeded

Whole files appear by rename and lines by a single write, so a reader never sees half of anything, whenever the
program is killed.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.training.program.errors import FolderBusyError

Record = dict[str, Any]


def write_json(path: Path, value: object) -> None:
    """Put `value` at `path` as JSON: the whole of it, or (after a crash) nothing of it."""
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Lines:
    """A JSON Lines file that grows. A line torn by a crash is cut off when the file is opened again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        whole = path.read_bytes().rfind(b"\n") + 1
        os.ftruncate(self._file, whole)

    def append(self, record: Record) -> None:
        """Add one line, by one write: a signal's handler cannot run in the middle of it."""
        os.write(self._file, json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n")

    def __iter__(self) -> Iterator[Record]:
        with self.path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


class JobFolder:
    """One job's folder, held by one process at a time.

    Raises:
        FolderBusyError: another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.output = path / "output"
        self.checkpoints = path / "checkpoints"
        # Held until the process ends, however it ends.
        self._lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderBusyError(f"Another process is working in {path}.") from error
        self.events = Lines(path / "events.jsonl")
        self.metrics = [event for event in self.events if event["kind"] == "metric"]
        self._measured = {(event["step"], name) for event in self.metrics for name in event["values"]}

    @property
    def result(self) -> Record | None:
        """How the job ended, or None while it has not."""
        path = self.path / "result.json"
        return json.loads(path.read_bytes()) if path.exists() else None

    @property
    def facts(self) -> Record:
        """What was made and how; see `write_facts`."""
        return json.loads((self.path / "facts.json").read_bytes())

    @property
    def is_packed(self) -> bool:
        """Whether the output is complete, so that nothing but the result is left to write."""
        return (self.path / "manifest.json").exists()

    def phase(self, name: str) -> None:
        """Record that the job has entered the phase `name`."""
        self._record("phase", name=name)
        print(f"== {name}", flush=True)

    def remark(self, message: str, *, level: str = "info") -> None:
        """Record a sentence for a person; `level` is info or warning."""
        self._record("log", level=level, message=message)
        print(f"{level}: {message}", flush=True)

    def metric(self, step: int, total_steps: int, values: dict[str, float]) -> None:
        """Record measurements taken at `step`.

        A run that goes on from a checkpoint takes some steps a second time; what is recorded already is not repeated.
        """
        if all((step, name) in self._measured for name in values):
            return
        self._measured.update((step, name) for name in values)
        self.metrics.append(self._record("metric", step=step, total_steps=total_steps, values=values))
        print(f"step {step}/{total_steps}  " + "  ".join(f"{k} {v:.4g}" for k, v in values.items()), flush=True)

    def last(self, name: str) -> float | None:
        """Return the newest measurement called `name`, or None."""
        return next((event["values"][name] for event in reversed(self.metrics) if name in event["values"]), None)

    def checkpoint(self, step: int) -> None:
        """Record that a run after a crash would go on from `step`."""
        self._record("checkpoint", step=step)

    def write_facts(self, facts: Record) -> None:
        """Write what was made and how."""
        write_json(self.path / "facts.json", facts)

    def pack(self, facts: Record) -> None:
        """Write the facts and then the manifest of what lies in the output: the work is done from here on."""
        self.write_facts(facts)
        files = sorted(path.relative_to(self.output).as_posix() for path in self.output.rglob("*") if path.is_file())
        entries = [
            {"path": name, "size_bytes": (self.output / name).stat().st_size, "sha256": sha256_of(self.output / name)}
            for name in files
        ]
        write_json(self.path / "manifest.json", {"files": entries})

    def finish(self, result: Record) -> None:
        """Write how the job ended. The first result stands; a later one is ignored."""
        if self.result is None:
            write_json(self.path / "result.json", result)
            print(f"== {result['status']}" + (f": {result['reason']}" if "reason" in result else ""), flush=True)

    def _record(self, kind: str, **content: object) -> Record:
        record = {"ts": datetime.now(UTC).isoformat(timespec="milliseconds"), "kind": kind, **content}
        self.events.append(record)
        return record
