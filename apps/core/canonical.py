"""Canonical JSON and digests. What is approved, decided or audited is named by the digest of its canonical bytes."""

import hashlib
import json
import re
from typing import Any

import rfc8785

from apps.core.strict_json import json_bytes

# What encoders may write otherwise than RFC 8785: floats without a fraction (1.0 is 1), floats with an exponent, and
# the order of keys beyond U+E000 (UTF-16 sorts surrogates below them). A match inside a string costs time, no more.
_WITHOUT_FRACTION = re.compile(rb"\.0[,\]}]")
_EXPONENT = re.compile(rb"e(?<=[0-9]e)[+-]?[0-9]+[,\]}]")
_BEYOND = re.compile(rb"[\xee-\xf4]")  # the first byte, in UTF-8, of what stands there


def canonical_bytes(document: Any) -> bytes:
    """Return `document` as canonical JSON (RFC 8785): sorted keys, no spaces, numbers as ECMAScript prints them, UTF-8.

    The library for it, many times as slow, writes only what fast encoders write otherwise.

    Raises:
        ValueError: the document holds NaN, an infinity, or beside a float with an exponent an integer beyond 2**53.
        TypeError: it holds something that JSON cannot, such as a key that is not text.
    """
    bracketed = [document]  # so that for the patterns a bare number has neighbours too
    text = json_bytes(bracketed, sort_keys=True)
    if _EXPONENT.search(text) or (not text.isascii() and _BEYOND.search(text)):
        return rfc8785.dumps(json.loads(text)[0])
    if _WITHOUT_FRACTION.search(text):
        text = json_bytes(_whole_floats_as_integers(bracketed), sort_keys=True)
    return text[1:-1]


def digest_of(document: Any) -> str:
    """Return `sha256:<hex>` of the canonical bytes of `document`."""
    return sha256_digest(canonical_bytes(document))


def sha256_digest(content: bytes) -> str:
    """Return `sha256:<hex>` of bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _whole_floats_as_integers(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _whole_floats_as_integers(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_whole_floats_as_integers(value) for value in document]
    if isinstance(document, float) and document.is_integer() and abs(document) < 1e16:
        return int(document)
    return document
