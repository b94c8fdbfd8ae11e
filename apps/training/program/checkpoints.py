"""What a job goes on from after its process was killed."""

import shutil
from pathlib import Path

_COMPLETE = "complete"


def mark_complete(checkpoint: Path) -> None:
    """Declare that every file of a checkpoint is written."""
    (checkpoint / _COMPLETE).touch()


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def last_complete(folder: Path) -> Path | None:
    """Return the newest checkpoint that is whole, or None; those that a crash left half written are removed."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / _COMPLETE).exists():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    return max(whole, key=step_of, default=None)
