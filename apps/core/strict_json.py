"""JSON as text, fast and strictly: nothing is written as something else, and what JSON has no form for is refused."""

import json
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_SORTED = _STRICT | orjson.OPT_SORT_KEYS


def json_bytes(document: Any, *, sort_keys: bool = False) -> bytes:
    """Return `document` as JSON without spaces, in UTF-8. A UUID is its text, a member of an enumeration its value.

    orjson writes what it is right about, and Python's encoder, twelve times as slowly, what orjson takes too lightly
    (NaN would be null) or does not know (whole numbers of more than 64 bits).

    Raises:
        ValueError: the document holds NaN, an infinity, or half a surrogate pair.
        TypeError: it holds something that JSON cannot, such as a key that is not text.
    """
    try:
        text = orjson.dumps(document, option=_SORTED if sort_keys else _STRICT)
    except orjson.JSONEncodeError:
        _refuse_keys_but_text(document)
        return _by_python(document, sort_keys=sort_keys)
    if b"null" in text and orjson.loads(text) != document:  # a null may have been NaN, which nothing equals
        return _by_python(document, sort_keys=sort_keys)
    return text


def _by_python(document: Any, *, sort_keys: bool) -> bytes:
    text = json.dumps(
        document, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_orjson
    )
    return text.encode()


def _as_orjson(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case Enum():
            return value.value
    raise TypeError(f"{value!r} of type {type(value).__name__} is not JSON; write it as text or a number")


def _refuse_keys_but_text(document: Any) -> None:
    """Python's encoder would write 1 as "1", sorted as a number, and twice where both are there."""
    if isinstance(document, dict):
        for key, value in document.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} of type {type(key).__name__} is not text; JSON has no other keys")
            _refuse_keys_but_text(value)
    elif isinstance(document, list | tuple):
        for value in document:
            _refuse_keys_but_text(value)
