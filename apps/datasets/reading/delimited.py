"""CSV: a header line, then rows; separated by commas, semicolons or tabs, whichever the header has most of."""

import csv
import io
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from apps.datasets.errors import FileRefusedError
from apps.datasets.reading.bounds import LINE_MAX_BYTES
from apps.datasets.reading.rows import Row, fault_of_columns, fault_of_value

SEPARATORS = ",;\t"
csv.field_size_limit(LINE_MAX_BYTES)


def read_csv(file: IO[bytes], filename: str) -> Iterator[Row]:
    """Yield the rows of a CSV file.

    Raises:
        FileRefusedError: the header cannot be used.
    """
    text = io.TextIOWrapper(cast("BinaryIO", _KeptOpen(file)), encoding="utf-8-sig", newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=_separator(text), strict=True)
    columns = _header(reader, filename)
    number = 0
    while True:
        lines.begin_row()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The reader has lost its place: what follows cannot be told into rows.
            yield Row(number + 1, {}, f"it is no CSV ({error}); the rows after it could not be read")
            return
        if not fields:
            continue
        number += 1
        if len(fields) != len(columns):
            yield Row(number, {}, f"it has {len(fields)} fields; the header has {len(columns)}")
        else:
            values = dict(zip(columns, fields, strict=True))
            yield Row(number, values, fault_of_value(values))


def _separator(text: io.TextIOWrapper) -> str:
    header = text.readline(LINE_MAX_BYTES)
    text.seek(0)
    return max(SEPARATORS, key=header.count)


def _header(reader: Iterator[list[str]], filename: str) -> list[str]:
    try:
        columns = [name.strip() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise FileRefusedError(filename=filename, why=f"its header is no CSV ({error}).", mend="Mend it.") from None
    fault = fault_of_columns(tuple(columns))
    if not fault and len(set(columns)) != len(columns):
        fault = "a column's name occurs twice"
    if fault:
        mend = "Begin the file with one line that names each column once."
        raise FileRefusedError(filename=filename, why=f"its header cannot be used: {fault}.", mend=mend)
    return columns


class _Lines:
    """The lines of a file; a row may have several, and all of them together are bounded."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._left = LINE_MAX_BYTES

    def begin_row(self) -> None:
        self._left = LINE_MAX_BYTES

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        if not line:
            raise StopIteration
        self._left -= len(line.encode())
        if self._left < 0:
            raise csv.Error(f"a row is longer than {LINE_MAX_BYTES} bytes")
        return line


class _KeptOpen(io.BufferedIOBase):
    """The file, which stays open when the text layer over it goes away."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._file.read(-1 if size is None else size)

    def read1(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
