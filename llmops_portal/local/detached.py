"""Training and serving processes that outlive the worker that started them must not outlive the portal.

Each is recorded in `VAR/run/detached/<name>/pid` by whoever starts it (the format: `identity.py`). This program runs
under the supervisor, does nothing, and ends them all when it is told to end itself.

    python -m llmops_portal.local.detached
"""

import signal
from pathlib import Path

from llmops_portal.local import identity, paths

PATIENCE_S = 5.0


def recorded(var: Path) -> dict[Path, identity.Identity]:
    """Return the recorded processes by the folder of their record. One that is no record is told and passed over."""
    found = {}
    for path in sorted(paths.detached(var).glob("*/pid")):
        try:
            known = identity.read(path)
        except ValueError as error:
            print(f"detached: {error}", flush=True)
            continue
        if known is not None:
            found[path.parent] = known
    return found


def end_all(var: Path) -> list[str]:
    """End every recorded process that still is the one recorded, with its group, and return their names.

    The records stay: who wrote them reads there that the process is gone.
    """
    running = {folder: process for folder, process in recorded(var).items() if process.is_alive()}
    identity.end_all(running.values(), patience_s=PATIENCE_S)
    return [folder.name for folder in running]


def main() -> None:
    """Wait for SIGTERM, then end them all."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    signal.sigwait(signals)
    for name in end_all(paths.var_root()):
        print(f"detached: ended {name}", flush=True)


if __name__ == "__main__":
    main()
