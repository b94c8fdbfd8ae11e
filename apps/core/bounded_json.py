"""Reading JSON that a stranger may have written: the one parser of everything that comes in."""

from typing import Any

import orjson

from apps.core.errors import InvalidInputError

DEPTH_MAX = 64


class UnreadableJsonError(InvalidInputError):
    """It is no JSON, or JSON that cannot be kept; the message says where or why."""

    code = "core.unreadable_json"
    message = "The body is not JSON that can be read: {why}."


def read_json(raw: bytes | str) -> Any:
    """Return what `raw` says.

    What comes out can be kept in the database and written as JSON again: numbers are finite, texts hold neither NUL nor
    half of a surrogate pair, and nothing is nested more than `DEPTH_MAX` deep.

    Raises:
        UnreadableJsonError: it is no JSON, or none of that.
    """
    try:
        value = orjson.loads(raw)  # refuses infinities and halves of surrogate pairs by itself
    except orjson.JSONDecodeError as error:
        raise UnreadableJsonError(why=str(error)) from None
    encoded = raw.encode() if isinstance(raw, str) else raw
    # A NUL can only be written as \u0000, and depth needs brackets: most bodies need no second look.
    if encoded.count(b"{") + encoded.count(b"[") > DEPTH_MAX or b"\\u0000" in encoded:
        _refuse_unkeepable(value)
    return value


def _refuse_unkeepable(value: Any, path: tuple[str, ...] = ()) -> None:
    if isinstance(value, str):
        if "\0" in value:
            where = {".".join(path): ["It holds a NUL character; leave it out."]} if path else {}
            raise UnreadableJsonError(why="it holds a NUL character", fields=where)
    elif isinstance(value, dict | list):
        if len(path) >= DEPTH_MAX:
            raise UnreadableJsonError(why=f"it is nested more than {DEPTH_MAX} deep")
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _refuse_unkeepable(name, (*path, "(name)"))
            _refuse_unkeepable(inner, (*path, str(name)))
