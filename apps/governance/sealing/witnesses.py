"""Witnesses: others who remember how far this log was, and sign only what continues it (C2SP tlog-witness)."""

import base64
from collections.abc import Mapping, Sequence
from typing import Protocol

import urllib3

from apps.governance.sealing.stores import StoreDisagreesError, StoreDownError

TIMEOUT_S = 5.0
ANSWER_MAX_BYTES = 64 * 1024
HASHES_MAX = 63
NOT_SET_UP = {
    403: "does not accept the key of this log. Give its operator the public key.",
    404: "does not know this log. Give its operator the origin and the public key.",
}


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Post(Protocol):
    """How bytes are sent to an address that an operator configured. Raises `StoreDownError` where nobody answers."""

    def __call__(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer: ...


class _Received:
    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body


def post(url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Send, follow no redirect, read a bounded answer."""
    try:
        answer = urllib3.request(
            "POST",
            url,
            body=body,
            headers=dict(headers),
            timeout=timeout_s,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            return _Received(answer.status, answer.read(ANSWER_MAX_BYTES))
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise StoreDownError(f"{url} cannot be reached: {error}") from error


class WitnessRemembersError(Exception):
    """The witness was last shown a tree of another size: `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The witness knows the log at {size}.")
        self.size = size


def ask_witness(post: Post, url: str, *, known: int, path: Sequence[bytes], note: str) -> str:
    """Show a witness the newest checkpoint, and return the lines with which it signs it.

    Args:
        known: the size of the tree that the witness was last shown; 0 for none.
        path: shows that the newest tree continues that one.

    Raises:
        WitnessRemembersError: it was last shown another size.
        StoreDisagreesError: what it remembers is not the beginning of this log.
        StoreDownError: it does not answer as a witness does, or does not know this log yet.
    """
    proof = "".join(f"{base64.b64encode(each).decode()}\n" for each in path[:HASHES_MAX])
    body = f"old {known}\n{proof}\n{note}".encode()
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    answer = post(f"{url}/add-checkpoint", body=body, headers=headers, timeout_s=TIMEOUT_S)
    said = answer.body.decode("utf-8", "replace").strip()
    if answer.status == 200:
        return said
    if answer.status == 409 and said.isascii() and said.isdigit() and len(said) <= 18:
        if int(said) == known:
            raise StoreDisagreesError(f"{url} remembers another tree of {known} leaves.")
        raise WitnessRemembersError(int(said))
    if answer.status == 422:
        raise StoreDisagreesError(f"{url} remembers a tree of {known} leaves that this log does not continue.")
    raise StoreDownError(f"{url} {NOT_SET_UP.get(answer.status, f'answered {answer.status}: {said[:200]}')}")
