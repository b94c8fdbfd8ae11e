"""JSON Lines: one object a line."""

import codecs
from collections.abc import Iterator
from typing import IO

import orjson

from apps.datasets.reading.bounds import DEPTH_MAX, LINE_MAX_BYTES
from apps.datasets.reading.rows import Row, fault_of_columns, fault_of_value


def read_jsonl(file: IO[bytes], filename: str) -> Iterator[Row]:  # noqa: ARG001  # readers are called alike
    """Yield the rows of a JSON Lines file. Empty lines are not rows."""
    number = 0
    is_first = True
    while line := file.readline(LINE_MAX_BYTES + 1):
        if is_first:
            line, is_first = line.removeprefix(codecs.BOM_UTF8), False
        if not line.strip():
            continue
        number += 1
        if len(line) > LINE_MAX_BYTES:
            _skip_line(file, line)
            yield Row(number, {}, f"it is longer than {LINE_MAX_BYTES} bytes")
        else:
            yield _row(number, line)


def _row(number: int, line: bytes) -> Row:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Row(number, {}, f"it is no JSON ({str(error).split(': line', maxsplit=1)[0]})")
    if not isinstance(values, dict):
        return Row(number, {}, "it is no JSON object")
    # A NUL can only be written as \u0000, and depth needs brackets: most lines need no second look.
    is_plain = b"\\u0000" not in line and line.count(b"{") + line.count(b"[") <= DEPTH_MAX
    return Row(number, values, fault_of_columns(tuple(values)) or ("" if is_plain else fault_of_value(values)))


def _skip_line(file: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(LINE_MAX_BYTES)
