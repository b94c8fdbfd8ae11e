"""Parquet, batch by batch."""

import math
from collections.abc import Iterator
from datetime import date, time
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from apps.datasets.errors import FileRefusedError
from apps.datasets.reading.bounds import LINE_MAX_BYTES, PARQUET_BATCH_ROWS, ROW_GROUP_MAX_BYTES
from apps.datasets.reading.rows import Row, fault_of_columns, fault_of_value

DAMAGED = "Write it again, or send it as JSON Lines."


def read_parquet(file: IO[bytes], filename: str) -> Iterator[Row]:
    """Yield the rows of a Parquet file.

    Raises:
        FileRefusedError: it is damaged, its columns cannot be used, or a part of it would unpack beyond the bound.
    """
    try:
        table = pq.ParquetFile(file)
        _refuse_unreadable(table, filename)
        number = 0
        for batch in table.iter_batches(batch_size=PARQUET_BATCH_ROWS, use_threads=False):
            for values in batch.to_pylist():
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


def _row(number: int, values: dict[str, Any]) -> Row:
    plain = {name: _plain(value) for name, value in values.items()}
    size = sum(len(value) for value in plain.values() if isinstance(value, str))
    if size > LINE_MAX_BYTES:
        return Row(number, {}, f"it is longer than {LINE_MAX_BYTES} characters")
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
