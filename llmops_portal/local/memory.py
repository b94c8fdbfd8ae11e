"""How much memory each process of a portal takes, counted so that parts add up: a shared page by its share (PSS)."""

import psutil


def proportional_mib(pid: int) -> float:
    """Return the memory of a process and all below it in MiB; 0 when it ended meanwhile."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_pss_bytes(process) for process in family) / 2**20


def _pss_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
