"""What can be asked for, and what granting it does. Apps above hand in kinds of their own, such as a limit.

A kind reads what was filled in once, when it is asked for, and keeps it as plain JSON. Granting reads that JSON again:
what was there to be granted may be gone by then, and is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.accounts.models import Project, Team, User
from apps.governance.errors import UnknownAccessKindError
from apps.governance.models import AccessRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for, as its kind has understood it.

    Attributes:
        words: the same for people, such as "Engineer of Voice of the customer".
        details: as JSON; what an approval is for.
        team, project: whose approvers decide.
        beneficiary: who gets it; None for whoever asks.
    """

    words: str
    details: dict[str, Any]
    team: Team
    project: Project | None = None
    beneficiary: User | None = None


Read = Callable[[User, Mapping[str, Any]], Wish]
Grant = Callable[[User, AccessRequest], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKind:
    """One kind of thing to ask for.

    Attributes:
        name: in the API, such as "role".
        title: on pages, such as "A role on a team or project".
        fields: what must be said, by name, with one sentence each.
        read: understands what was said; refuses with a `DomainError` what cannot be asked for.
        grant: does what was asked for, in the transaction of the last approval; the actor is who gave that.
        may_end: whether it can be wanted until a time.
    """

    name: str
    title: str
    fields: Mapping[str, str]
    read: Read
    grant: Grant
    may_end: bool = True


_kinds: dict[str, AccessKind] = {}


def register_access_kind(kind: AccessKind) -> None:
    _kinds[kind.name] = kind


def access_kinds() -> list[AccessKind]:
    """Return what can be asked for, in the order in which it was registered."""
    return list(_kinds.values())


def access_kind(name: str) -> AccessKind:
    """Return the kind of that name.

    Raises:
        UnknownAccessKindError: there is none.
    """
    kind = _kinds.get(name)
    if kind is None:
        raise UnknownAccessKindError(kind=name[:60], known=", ".join(_kinds))
    return kind


def ends_in_words(expires_at: datetime | None) -> str:
    return f", until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else ""
