"""Follow a log file that another process writes."""

from pathlib import Path


class Tail:
    """The lines that are added to a file from `start` on, in bytes."""

    def __init__(self, path: Path, *, start: int = 0) -> None:
        self._path = path
        self._read = start

    def lines(self) -> list[str]:
        """Return the lines completed since the last call, without their ends."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                complete, end, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._read += len(complete) + len(end)
        return complete.decode(errors="replace").splitlines()
