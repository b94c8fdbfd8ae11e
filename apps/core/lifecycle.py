"""What a move between two states is. The moves of each app are data in its `states.py`; governance alone makes them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Transition:
    """One named move.

    Attributes:
        name: a verb, such as "approve".
        sources: the states it may start from.
        target: the state it ends in.
        permission: what the actor needs on the subject (`accounts.permissions.Permission`).
        gated: whether policies and approvals must allow it.
        by_request: whether it is made through an approval request only.
    """

    name: str
    sources: frozenset[str]
    target: str
    permission: str
    gated: bool = False
    by_request: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: its name, whether it holds, and one sentence why."""

    check: str
    passed: bool
    detail: str = ""
    data: dict[str, Any] | None = None
