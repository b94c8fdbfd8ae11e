"""Reading datasets: the approved bytes and no others, row by row."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet

from apps.training.program.errors import DataError
from apps.training.program.folder import sha256_of
from apps.training.program.spec import DatasetFile

Row = dict[str, Any]


def verify(files: list[DatasetFile]) -> None:
    """Check that each file is there and is byte for byte the one that was approved.

    Raises:
        DataError: naming the first file that is not, with both digests.
    """
    for file in files:
        try:
            found = sha256_of(file.path)
        except OSError as error:
            raise DataError(f"The dataset file {file.path.name} cannot be read: {error.strerror}.") from error
        if found != file.sha256:
            raise DataError(
                f"The dataset file {file.path.name} is not the one that was approved; register the changed file as a "
                "new dataset version.",
                detail=f"sha256 expected {file.sha256}, found {found}",
            )


def read_rows(files: list[DatasetFile], columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the rows of all files in order, each with the text of `columns` and nothing else.

    Raises:
        DataError: a row is not an object, lacks a column, or holds something else than text; names file and row.
    """
    for file in files:
        for number, row in _READERS[file.format](file.path):
            yield {column: _text(row, column, f"{file.path.name} {number}", columns) for column in columns}


def _text(row: Row, column: str, where: str, columns: tuple[str, ...]) -> str:
    value = row.get(column)
    if not isinstance(value, str) or not value.strip():
        problem = "is missing" if value is None else "is empty" if value == "" else "holds no text"
        needed = " and ".join(f'"{name}"' for name in columns)
        raise DataError(f'{where}: "{column}" {problem}; every row needs text in {needed}.')
    return value


def _jsonl(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open(encoding="utf-8") as file:
        try:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise DataError(f"{path.name} line {number}: each line must be a JSON object.")
                yield f"line {number}", row
        except json.JSONDecodeError as error:
            raise DataError(
                f"{path.name} line {number}: not valid JSON ({error.msg}, column {error.colno})."
            ) from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path.name}: not valid UTF-8 at byte {error.start}; save the file as UTF-8.") from error


def _csv(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for row in reader:
                yield f"line {reader.line_num}", row
        except csv.Error as error:
            raise DataError(f"{path.name} line {reader.line_num}: not valid CSV ({error}).") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path.name}: not valid UTF-8; save the file as UTF-8.") from error


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path.name}: not a valid Parquet file ({error}).") from error


_READERS: dict[str, Callable[[Path], Iterator[tuple[str, Row]]]] = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
