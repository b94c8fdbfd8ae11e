"""What each door asks of who comes: declared where the door is, checked when it is built, held to when it answers.

A door is a view of the API or a page. It declares a permission for each method it answers; the services behind it ask
for that permission, on the object that is meant, and what they ask for is noted here. A door that answers although
nobody asked for what it declares has a hole: its answer is not sent.
"""

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

PUBLIC = "nothing"
SIGNED_IN = "a sign-in"  # what is behind it is the caller's own, or the same for everybody
OWN = "its owner"  # whoever asked for it, or whom it was given
NEEDS_NO_ROLE = frozenset({PUBLIC, SIGNED_IN})
METHODS = ("get", "post", "put", "patch", "delete")

# The name of a permission; of several where each lets in, as when one door makes several moves.
Needed = str | tuple[str, ...]
_BEFORE = "answered before"
_asked: ContextVar[set[str] | None] = ContextVar("asked_permissions", default=None)


class PermissionNotDeclaredError(TypeError):
    """A door does not say what it asks for."""


class PermissionNotAskedError(RuntimeError):
    """A door was about to answer, and nobody had asked for the permission that it declares."""


def note_answered_before() -> None:
    """Note that the caller is given an answer of theirs once more: what it needs was asked for the first time."""
    note_asked(_BEFORE)


def note_asked(permission: str) -> None:
    """Note that `permission` has been asked for, on something. Only what decides on access calls this."""
    asked = _asked.get()
    if asked is not None:
        asked.add(str(permission))


@contextlib.contextmanager
def watched_door() -> Iterator[set[str]]:
    """Yield the set that fills with what is asked for inside."""
    asked: set[str] = set()
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)


def refuse_unasked(door: str, needed: Needed, asked: set[str], status: int) -> None:
    """Raise when an answer tells or does something and none of what is `needed` was asked for.

    Redirects and refusals tell nothing.

    Raises:
        PermissionNotAskedError: that is so.
    """
    names = any_of(needed)
    if status < 300 and not NEEDS_NO_ROLE & set(names) and asked.isdisjoint((*names, _BEFORE)):
        raise PermissionNotAskedError(
            f"{door} needs {' or '.join(names)}, and only {', '.join(sorted(asked)) or 'nothing'} was asked for."
        )


def any_of(needed: Needed) -> tuple[str, ...]:
    """Return the names of the permissions each of which lets in."""
    return (str(needed),) if isinstance(needed, str) else tuple(map(str, needed))


def refuse_undeclared(door: str, methods: Iterator[str] | tuple[str, ...], permissions: Mapping[str, Needed]) -> None:
    """Raise unless exactly `methods` have a permission.

    Raises:
        PermissionNotDeclaredError: names what is missing, or left over.
    """
    answered = set(methods)
    if missing := answered - permissions.keys():
        raise PermissionNotDeclaredError(f"{door} does not say which permission it needs for {', '.join(missing)}.")
    if unused := permissions.keys() - answered:
        raise PermissionNotDeclaredError(
            f"{door} does not answer {', '.join(unused)}, for which it names a permission."
        )
