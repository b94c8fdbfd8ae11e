"""Parquet, batch by batch."""

import math
from collections.abc import Iterator
from datetime import date, time
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apps.datasets.errors import FileRefusedError
from apps.datasets.reading.bounds import (
    LINE_MAX_BYTES,
    PARQUET_BATCH_ROWS,
    PARQUET_NESTED_BATCH_ROWS,
    ROW_GROUP_MAX_BYTES,
)
from apps.datasets.reading.rows import Row, fault_of_columns, fault_of_value
from apps.datasets.reading.sizes import sizes_of

DAMAGED = "Write it again, or send it as JSON Lines."


def read_parquet(file: IO[bytes], filename: str) -> Iterator[Row]:
    """Yield the rows of a Parquet file.

    Raises:
        FileRefusedError: it is damaged, its columns cannot be used, or a part of it would unpack beyond the bound.
    """
    try:
        table = pq.ParquetFile(file)
        _refuse_unreadable(table, filename)
        texts = _text_columns(table)
        plain = [path for path in texts if "." not in path]
        # As dictionaries, so that a text which the file holds once is in memory once, not once for each row.
        table = pq.ParquetFile(file, metadata=table.metadata, read_dictionary=plain)
        rows_at_once = PARQUET_BATCH_ROWS if plain == texts else PARQUET_NESTED_BATCH_ROWS
        number = 0
        for batch in table.iter_batches(batch_size=rows_at_once, use_threads=False):
            for values in _laid_out(batch):
                number += 1
                yield _row(number, values)
    except (pa.ArrowException, OSError) as error:
        why = f"it is a damaged Parquet file ({str(error).splitlines()[0][:160]})."
        raise FileRefusedError(filename=filename, why=why, mend=DAMAGED) from None


def _refuse_unreadable(table: pq.ParquetFile, filename: str) -> None:
    if fault := fault_of_columns(tuple(table.schema_arrow.names)):
        raise FileRefusedError(filename=filename, why=f"its columns cannot be used: {fault}.", mend="Rename them.")
    for column in table.schema_arrow:
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            why = f"its column '{column.name}' holds bytes, not text."
            raise FileRefusedError(filename=filename, why=why, mend="Drop it, or store text.")
    for index in range(table.metadata.num_row_groups):
        size = table.metadata.row_group(index).total_byte_size
        if size > ROW_GROUP_MAX_BYTES:
            why = f"its row group {index} unpacks to {size} bytes; at most {ROW_GROUP_MAX_BYTES} are read."
            raise FileRefusedError(filename=filename, why=why, mend="Write smaller row groups.")


def _text_columns(table: pq.ParquetFile) -> list[str]:
    """Return the paths of all texts; one inside of a list or an object has dots in it."""
    columns = [table.schema.column(index) for index in range(len(table.schema))]
    return [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL"
    ]


def _laid_out(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | None]:
    """Yield the rows, no more of them laid out at once than one row may hold; None for one that is too long."""
    sizes = sum((sizes_of(column) for column in batch.columns), np.zeros(batch.num_rows, np.int64))
    start = held = 0
    for index, size in enumerate([*sizes.tolist(), LINE_MAX_BYTES + 1]):
        if held + size > LINE_MAX_BYTES:
            yield from batch.slice(start, index - start).to_pylist()
            start, held = index, 0
        if size <= LINE_MAX_BYTES:
            held += size
        elif index < batch.num_rows:
            yield None
            start = index + 1


def _row(number: int, values: dict[str, Any] | None) -> Row:
    if values is None:
        return Row(number, {}, f"it is longer than {LINE_MAX_BYTES} bytes")
    plain = {name: _plain(value) for name, value in values.items()}
    return Row(number, plain, fault_of_value(plain))


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; what JSON cannot say (infinity, not a number) becomes null."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return value.isoformat() if isinstance(value, date | time) else str(value)
