"""Reading dataset files: by content, row by row, with bounds; never a whole file in memory."""

from collections.abc import Iterator
from typing import IO

from apps.datasets.models import DatasetVersion
from apps.datasets.reading.bounds import LINE_MAX_BYTES
from apps.datasets.reading.delimited import read_csv
from apps.datasets.reading.detect import detect_format
from apps.datasets.reading.json_lines import read_jsonl
from apps.datasets.reading.parquet import read_parquet
from apps.datasets.reading.rows import Row

__all__ = ["LINE_MAX_BYTES", "Row", "detect_format", "read_rows"]

Format = DatasetVersion.Format
READERS = {Format.CSV: read_csv, Format.JSONL: read_jsonl, Format.PARQUET: read_parquet}


def read_rows(file: IO[bytes], *, format: str, filename: str = "") -> Iterator[Row]:  # noqa: A002
    """Yield the rows of `file`, from its beginning, numbered from 1; a row that cannot be read says why.

    Raises:
        FileRefusedError: the file as a whole cannot be read.
    """
    file.seek(0)
    return READERS[Format(format)](file, filename)
