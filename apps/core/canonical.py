"""Canonical JSON and digests. What is approved, decided or audited is named by the digest of its canonical bytes."""

import hashlib
import json
from typing import Any


def canonical_bytes(document: Any) -> bytes:
    """Return `document` as canonical JSON: sorted keys, no spaces, UTF-8.

    This is RFC 8785 for what we put in it: strings, integers, booleans, null, lists, objects with ASCII keys, and
    floats whose shortest form Python and ECMAScript print alike (up to 1e21; we use no larger).

    Raises:
        ValueError: the document holds NaN or an infinity.
        TypeError: it holds something that JSON cannot.
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_of(document: Any) -> str:
    """Return `sha256:<hex>` of the canonical bytes of `document`."""
    return "sha256:" + hashlib.sha256(canonical_bytes(document)).hexdigest()
