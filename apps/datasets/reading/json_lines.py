"""JSON Lines: one object a line."""

import codecs
from collections.abc import Iterator
from typing import IO

import orjson

from apps.datasets.reading.bounds import COLUMNS_MAX, DEPTH_MAX, LINE_MAX_BYTES
from apps.datasets.reading.rows import Row, fault_of_columns, fault_of_value


def read_jsonl(file: IO[bytes], filename: str) -> Iterator[Row]:  # noqa: ARG001  # readers are called alike
    """Yield the rows of a JSON Lines file. Empty lines are not rows."""
    number = 0
    is_first = True
    columns: set[str] = set()  # of all rows: each may bring others
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
            yield _row(number, line, columns)


def _row(number: int, line: bytes, columns: set[str]) -> Row:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Row(number, {}, f"it is no JSON ({str(error).split(': line', maxsplit=1)[0]})")
    if not isinstance(values, dict):
        return Row(number, {}, "it is no JSON object")
    if fault := fault_of_columns(tuple(values)) or _fault_of_new_columns(values.keys() - columns, columns):
        return Row(number, values, fault)
    # A NUL can only be written as \u0000, and depth needs brackets: most lines need no second look.
    is_plain = b"\\u0000" not in line and line.count(b"{") + line.count(b"[") <= DEPTH_MAX
    return Row(number, values, "" if is_plain else fault_of_value(values))


def _fault_of_new_columns(new: set[str], columns: set[str]) -> str:
    if len(new) + len(columns) > COLUMNS_MAX:
        return f"its '{min(new)[:60]}' would be a further column; at most {COLUMNS_MAX} are accepted in a file"
    columns |= new
    return ""


def _skip_line(file: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(LINE_MAX_BYTES)
