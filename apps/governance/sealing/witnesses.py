"""Witnesses: others who remember how far this log was, and sign only what continues it (C2SP tlog-witness)."""

import base64
from collections.abc import Sequence

from apps.governance.sealing.stores import StoreDisagreesError, StoreDownError
from apps.integrations import egress

TIMEOUT_S = 5.0
HASHES_MAX = 63
NOT_SET_UP = {
    403: "does not accept the key of this log. Give its operator the public key.",
    404: "does not know this log. Give its operator the origin and the public key.",
}


class WitnessRemembersError(Exception):
    """The witness was last shown a tree of another size: `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The witness knows the log at {size}.")
        self.size = size


def ask_witness(url: str, *, known: int, path: Sequence[bytes], note: str) -> str:
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
    try:
        answer = egress.post(f"{url}/add-checkpoint", body=body, headers=headers, timeout_s=TIMEOUT_S)
    except (egress.EgressRefusedError, egress.EgressUnavailableError) as error:
        raise StoreDownError(f"{url} cannot be asked: {error}") from error
    said = answer.text.strip()
    if answer.status == 200:
        return said
    if answer.status == 409 and said.isascii() and said.isdigit() and len(said) <= 18:
        if int(said) == known:
            raise StoreDisagreesError(f"{url} remembers another tree of {known} leaves.")
        raise WitnessRemembersError(int(said))
    if answer.status == 422:
        raise StoreDisagreesError(f"{url} remembers a tree of {known} leaves that this log does not continue.")
    raise StoreDownError(f"{url} {NOT_SET_UP.get(answer.status, f'answered {answer.status}: {said[:200]}')}")
