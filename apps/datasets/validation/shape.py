"""Whether every row is one that its type of dataset can use."""

from collections.abc import Iterable, Iterator

from apps.core.errors import BrokenRule
from apps.datasets.errors import BrokenRowsError
from apps.datasets.reading import Row
from apps.datasets.shapes import REQUIRED

NAMED_AT_MOST = 20


def refuse_broken_rows(rows: Iterable[Row], *, type: str) -> int:  # noqa: A002  # the contract's own word
    """Read all rows and return how many there are.

    Raises:
        BrokenRowsError: names the first twenty broken rows, and how many there are. A column that no row has is named
            once instead.
    """
    required = REQUIRED[type]
    total = broken = 0
    named: list[BrokenRule] = []
    missing = dict.fromkeys(required, 0)
    for row in rows:
        total += 1
        faults = list(_faults(row, required))
        broken += bool(faults)
        for column in required:
            missing[column] += not row.fault and column not in row.values
        if len(named) < NAMED_AT_MOST:
            named += faults
    absent = [column for column in required if total and missing[column] == total]
    if total == 0:
        rule = BrokenRule("has_rows", "file", "There is no row in the file.", "Upload a file with rows.")
        raise BrokenRowsError("The file has no rows.", rules=[rule], details={"broken": 0, "rows": 0})
    if broken:
        rules = [_absent(column, required) for column in absent] or named[:NAMED_AT_MOST]
        raise BrokenRowsError(broken=broken, rows=total, rules=rules, details={"broken": broken, "rows": total})
    return total


def _faults(row: Row, required: tuple[str, ...]) -> Iterator[BrokenRule]:
    place = f"rows[{row.number}]"
    if row.fault:
        yield BrokenRule("row_readable", place, f"Row {row.number}: {row.fault}.", "Mend or drop the row.")
        return
    for column in required:
        value = row.values.get(column)
        if isinstance(value, str) and value.strip():
            continue
        if column not in row.values:
            why = f"'{column}' is missing"
        elif isinstance(value, str) or value is None:
            why = f"'{column}' is empty"
        else:
            why = f"'{column}' is {type(value).__name__}, not text"
        yield BrokenRule("row_fits_type", f"{place}.{column}", f"Row {row.number}: {why}.", "Fill in or drop the row.")


def _absent(column: str, required: tuple[str, ...]) -> BrokenRule:
    mend = f"Data of this type has the columns {', '.join(required)}. Rename yours, or choose another type."
    return BrokenRule("column_present", column, f"There is no column '{column}'.", mend)
