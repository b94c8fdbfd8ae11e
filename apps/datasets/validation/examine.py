"""Examining a file: two passes over its rows, the first for what refuses it, the second for what is known of it."""

from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from apps.datasets.models import DatasetVersion
from apps.datasets.reading import detect_format, read_rows
from apps.datasets.shapes import LABEL, REQUIRED
from apps.datasets.validation.duplicates import RepeatFinder
from apps.datasets.validation.personal_data import PersonalData
from apps.datasets.validation.quality import LENGTH_MAX, LENGTH_MIN, quality_of
from apps.datasets.validation.shape import refuse_broken_rows
from apps.datasets.validation.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a file after both passes.

    Attributes:
        repeated_rows: numbers of the rows that repeat an earlier one, ascending.
        duplicates, pii, quality: as the validation report keeps them.
    """

    format: DatasetVersion.Format
    rows: int
    schema: list[dict[str, str]]
    statistics: dict[str, dict[str, Any]]
    repeated_rows: NDArray[np.int64]
    duplicates: dict[str, Any]
    pii: dict[str, Any]
    quality: dict[str, Any]


def examine(file: IO[bytes], *, filename: str, type: str) -> Examined:  # noqa: A002  # the contract's own word
    """Examine a file as a dataset of `type`. Only figures are kept in memory, never the rows.

    Raises:
        FileRefusedError: it is no file that can be read here.
        BrokenRowsError: rows do not fit the type.
    """
    found = detect_format(file, filename=filename)
    rows = refuse_broken_rows(read_rows(file, format=found, filename=filename), type=type)
    required = REQUIRED[type]
    statistics, repeats, pii, odd_lengths = Statistics(), RepeatFinder(required), PersonalData(), 0
    for row in read_rows(file, format=found, filename=filename):
        statistics.add(row.values)
        repeats.add(row.values)
        pii.add(row.number, row.values)
        odd_lengths += any(not LENGTH_MIN <= len(row.values[column]) <= LENGTH_MAX for column in required)
    repeated = repeats.found()
    quality = quality_of(
        rows=rows,
        repeats=len(repeated.rows),
        rows_with_pii=pii.rows,
        filled_share=statistics.filled_share,
        odd_lengths=odd_lengths,
        labels=statistics.label_counts(LABEL.get(type, "")),
    )
    return Examined(
        format=found,
        rows=rows,
        schema=statistics.schema(),
        statistics=statistics.summary(),
        repeated_rows=repeated.rows,
        duplicates=repeated.as_dict(),
        pii=pii.as_dict(),
        quality=quality,
    )
