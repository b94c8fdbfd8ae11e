"""Canonical JSON and digests. What is approved, decided or audited is named by the digest of its canonical bytes."""

import hashlib
import json
import re
from typing import Any

import rfc8785

# Where Python's encoder may differ from RFC 8785: floats without a fraction (1.0 is 1), floats with an exponent, and
# the order of keys beyond U+E000 (UTF-16 sorts surrogates below them). A match inside a string costs time, no more.
_WITHOUT_FRACTION = re.compile(r"[:\[,]-?[0-9]+\.0(?=[,\]}])")
_NOT_PYTHONS = re.compile(r"[:\[,]-?[0-9.]+e[+-]?[0-9]+(?=[,\]}])|[\ue000-\U0010ffff]")


def canonical_bytes(document: Any) -> bytes:
    """Return `document` as canonical JSON (RFC 8785): sorted keys, no spaces, numbers as ECMAScript prints them, UTF-8.

    Python's own encoder writes what both agree on, six times as fast as the library, which writes the rest.

    Raises:
        ValueError: the document holds NaN, an infinity, or beside a float with an exponent an integer beyond 2**53.
        TypeError: it holds something that JSON cannot.
    """
    text = _in_brackets(document)
    if _WITHOUT_FRACTION.search(text):
        text = _in_brackets(_whole_floats_as_integers(document))
    if _NOT_PYTHONS.search(text):
        return rfc8785.dumps(document)
    return text[1:-1].encode()


def digest_of(document: Any) -> str:
    """Return `sha256:<hex>` of the canonical bytes of `document`."""
    return sha256_digest(canonical_bytes(document))


def sha256_digest(content: bytes) -> str:
    """Return `sha256:<hex>` of bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _in_brackets(document: Any) -> str:
    """Return the document as a list of one, so that for the patterns a bare number has neighbours too."""
    return json.dumps([document], sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _whole_floats_as_integers(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _whole_floats_as_integers(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_whole_floats_as_integers(value) for value in document]
    if isinstance(document, float) and document.is_integer() and abs(document) < 1e16:
        return int(document)
    return document
