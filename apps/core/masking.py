"""Secrets in documents that are kept: whatever is named like one is written as dots."""

import re
from typing import Any

MASK = "•••"
_SECRET = re.compile(
    r"(?:^|_|-)(?:secret|password|passphrase|passwd|token|api_?key|private_?key|credentials?|authorization|cookie)s?$",
    re.IGNORECASE,
)


def masked(document: Any) -> Any:
    """Return `document` with the value of every key that is named like a secret replaced, at any depth."""
    if isinstance(document, dict):
        return {key: MASK if _is_secret(key, value) else masked(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [masked(value) for value in document]
    return document


def _is_secret(key: Any, value: Any) -> bool:
    # A number or a truth value named "token" counts something; what opens a door is text.
    return isinstance(key, str) and isinstance(value, str | bytes) and bool(value) and bool(_SECRET.search(key))
