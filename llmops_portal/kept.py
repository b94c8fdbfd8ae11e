"""Secrets that a portal on one machine makes for itself, once, and keeps in VAR."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile


def kept_secret(kept: Path, make: Callable[[], str]) -> str:
    """Return the secret at `kept`, made on the first call. Of processes that start together one makes it for all."""
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not kept.exists():
        with NamedTemporaryFile("w", dir=kept.parent, prefix=f".{kept.name}-") as file:  # of mode 0600
            file.write(make())
            file.flush()
            with contextlib.suppress(FileExistsError):
                os.link(file.name, kept)  # whole or not at all, and never over another
    return kept.read_text()
