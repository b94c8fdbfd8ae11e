"""What the caller in progress proved who they are with, so that a service can ask for more than being signed in.

The doors say it, each in its way: the middleware for the browser's session, the authentication for an API key. What
runs without a door (a worker, a command) has no credential, and nobody's browser to be left open.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse

from apps.accounts.errors import ConfirmationNeededError, KeyScopeError
from apps.accounts.permissions import APPROVE_SCOPE

CONFIRMED_FOR_S = 5 * 60
WRONG_PASSWORDS_MAX = 5
_CONFIRMED_AT = "accounts.confirmed_at"
_WRONG_PASSWORDS = "accounts.wrong_passwords"  # how many, not which


class Kind(StrEnum):
    SESSION = "session"
    PASSWORD = "password"  # noqa: S105  # a kind: a session whose password was asked for again
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Credential:
    kind: Kind
    scopes: frozenset[str] = frozenset()


_in_use: ContextVar[Credential | None] = ContextVar("credential", default=None)


def use_api_key(scopes: list[str]) -> None:
    """Say that the call in progress is made with an API key; the middleware forgets it when the call ends."""
    _in_use.set(Credential(Kind.API_KEY, frozenset(scopes)))


def proof_for_verdict() -> str:
    """Return what the caller proved who they are with, if it is enough to decide something for others; "" for none.

    Raises:
        ConfirmationNeededError: a browser that has been signed in for a while; the person must be asked again.
        KeyScopeError: an API key that was not made for that.
    """
    credential = _in_use.get()
    if credential is None:
        return ""
    if credential.kind == Kind.SESSION:
        raise ConfirmationNeededError
    if credential.kind == Kind.API_KEY and APPROVE_SCOPE not in credential.scopes:
        raise KeyScopeError(scope=APPROVE_SCOPE)
    return str(credential.kind)


def is_confirmed(request: HttpRequest) -> bool:
    """Tell whether the password was given in this session within the last `CONFIRMED_FOR_S` seconds."""
    return time.time() - float(request.session.get(_CONFIRMED_AT, 0)) < CONFIRMED_FOR_S


def confirm(request: HttpRequest, password: str) -> bool:
    """Check the signed-in person's password again. After `WRONG_PASSWORDS_MAX` wrong ones the session ends."""
    if request.user.check_password(password):
        note_confirmation(request)
        return True
    wrong = int(request.session.get(_WRONG_PASSWORDS, 0)) + 1
    request.session[_WRONG_PASSWORDS] = wrong
    if wrong >= WRONG_PASSWORDS_MAX:
        request.session.flush()
    return False


def note_confirmation(request: HttpRequest, **_: object) -> None:
    """Take what the person has just proved for the next `CONFIRMED_FOR_S` seconds."""
    request.session[_CONFIRMED_AT] = time.time()
    request.session[_WRONG_PASSWORDS] = 0
    if _in_use.get() is not None:
        _in_use.set(Credential(Kind.PASSWORD))


class CredentialMiddleware:
    """Say for each request with a session what that session has proved. Stands behind the session's middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _in_use.set(Credential(Kind.PASSWORD if is_confirmed(request) else Kind.SESSION))
        try:
            return self.get_response(request)
        finally:
            _in_use.reset(token)


# Whoever has just signed in has just given the password.
user_logged_in.connect(
    lambda request=None, **_: note_confirmation(request) if request is not None else None,
    dispatch_uid="accounts.note_confirmation",
    weak=False,
)
