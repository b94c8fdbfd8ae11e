"""Drawing samples so that anybody can draw the same ones again, in any language and at any time."""

import hashlib
from collections.abc import Iterable

SEED_MAX = 2**31 - 1


def drawn(candidates: Iterable[int], size: int, *, seed: int) -> list[int]:
    """Return `size` of `candidates` (all, if there are fewer), in ascending order.

    Each candidate's lot is SHA-256 of "<seed>:<candidate>"; the lowest win. A larger draw with the same seed holds the
    smaller ones.
    """
    return sorted(sorted(candidates, key=lambda candidate: _lot(seed, candidate))[:size])


def _lot(seed: int, candidate: int) -> bytes:
    return hashlib.sha256(f"{seed}:{candidate}".encode()).digest()
