"""Secrets in documents that are kept: whatever is named like one is written as dots."""

import functools
import re
from typing import Any

MASK = "•••"
_NESTED = (dict, list, tuple)
KEY_END = 40  # where the name of a secret stands; longer than the longest
_SECRET = re.compile(
    r"(?:^|_|-)(?:secret|password|passphrase|passwd|token|api_?key|private_?key|credentials?|authorization|cookie)s?$",
    re.IGNORECASE,
)


def masked(document: Any) -> Any:
    """Return `document` with the value of every key that is named like a secret replaced, at any depth."""
    if isinstance(document, dict):
        return {key: _kept(key, value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [masked(value) if isinstance(value, _NESTED) else value for value in document]
    return document


def names_a_secret(key: str) -> bool:
    """Return whether a text under that key is written as dots."""
    return _names_a_secret(key[-KEY_END:])


def _kept(key: Any, value: Any) -> Any:
    if isinstance(value, _NESTED):
        return masked(value)
    # A number or a truth value named "token" counts something; what opens a door is text.
    is_secret = isinstance(value, str | bytes) and value and isinstance(key, str) and names_a_secret(key)
    return MASK if is_secret else value


@functools.lru_cache(maxsize=4096)
def _names_a_secret(end_of_key: str) -> bool:
    return bool(_SECRET.search(end_of_key))
