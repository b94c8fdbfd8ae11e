"""What differs between two versions of a dataset: columns, rows, how values are spread, personal data, quality."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from apps.datasets.errors import TooManyRowsError
from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import current_report, iterate_rows
from apps.datasets.shapes import REQUIRED

ROWS_MAX = 2_000_000  # two hashes of each row of both versions are in memory: 64 MB

ID_COLUMN = "id"


@dataclass(frozen=True, slots=True)
class DatasetComparison:
    """See `compare_datasets`."""

    a: DatasetVersion
    b: DatasetVersion
    schema: dict[str, Any]
    rows: dict[str, Any]
    columns: list[dict[str, Any]]
    pii: tuple[dict[str, Any] | None, dict[str, Any] | None]
    quality: tuple[dict[str, Any] | None, dict[str, Any] | None]


def compare_datasets(a: DatasetVersion, b: DatasetVersion) -> DatasetComparison:
    """Compare two versions that both have files.

    Rows are matched by content; those that match by their key only (the column `id` where both have it, else the
    first column that the type requires) count as changed.

    Raises:
        NoFileError: one of them has no file.
        TooManyRowsError: one of them has more rows than are compared.
    """
    for dataset in (a, b):
        if dataset.row_count > ROWS_MAX:
            raise TooManyRowsError(most=ROWS_MAX)
    of_a, of_b = current_report(a), current_report(b)
    return DatasetComparison(
        a=a,
        b=b,
        schema=_compared_schema(a, b),
        rows=_compared_rows(a, b),
        columns=[_drift(column["name"], a, b) for column in a.schema if column["name"] in b.statistics],
        pii=(of_a.pii if of_a else None, of_b.pii if of_b else None),
        quality=(of_a.quality if of_a else None, of_b.quality if of_b else None),
    )


def _compared_schema(a: DatasetVersion, b: DatasetVersion) -> dict[str, Any]:
    of_a, of_b = ({column["name"]: column["type"] for column in dataset.schema} for dataset in (a, b))
    retyped = [
        {"name": name, "types": [of_a[name], of_b[name]]} for name in of_a if name in of_b and of_a[name] != of_b[name]
    ]
    return {
        "added": [name for name in of_b if name not in of_a],
        "removed": [name for name in of_a if name not in of_b],
        "retyped": retyped,
    }


def _compared_rows(a: DatasetVersion, b: DatasetVersion) -> dict[str, Any]:
    names = [{column["name"] for column in dataset.schema} for dataset in (a, b)]
    key = ID_COLUMN if ID_COLUMN in names[0] & names[1] else REQUIRED[a.type][0]
    content_a, key_a = _hashes(iterate_rows(a), key)
    content_b, key_b = _hashes(iterate_rows(b), key)
    left_a, left_b = _unmatched(content_a, content_b), _unmatched(content_b, content_a)
    gone, come = key_a[left_a], key_b[left_b]
    changed = len(gone) - int(_unmatched(gone, come).sum())
    return {
        "key": key,
        "same": len(content_a) - len(gone),
        "changed": changed,
        "removed": len(gone) - changed,
        "added": len(come) - changed,
    }


def _hashes(rows: Iterable[dict[str, Any]], key: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    contents, keys = array("q"), array("q")
    for values in rows:
        contents.append(hash(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)))
        keys.append(hash(orjson.dumps(values.get(key))))
    return np.frombuffer(contents, np.int64), np.frombuffer(keys, np.int64)


def _unmatched(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of our positions have no counterpart; each of theirs is the counterpart of at most one of ours."""
    order = np.argsort(ours, kind="stable")
    ordered = ours[order]
    # The n-th of ours with some hash is matched if they have that hash at least n times.
    nth = np.arange(len(ordered)) - np.searchsorted(ordered, ordered, side="left") + 1
    sorted_theirs = np.sort(theirs)
    available = np.searchsorted(sorted_theirs, ordered, side="right") - np.searchsorted(sorted_theirs, ordered)
    unmatched = np.empty(len(ours), dtype=np.bool_)
    unmatched[order] = nth > available
    return unmatched


def _drift(name: str, a: DatasetVersion, b: DatasetVersion) -> dict[str, Any]:
    """Return a column's figures side by side, and how far its labels moved: total variation distance, from 0 to 1."""
    of_a, of_b = a.statistics[name], b.statistics[name]
    return {
        "name": name,
        "a": _figures(of_a),
        "b": _figures(of_b),
        "label_distance": _label_distance(of_a.get("top_values"), of_b.get("top_values")),
    }


def _figures(statistics: dict[str, Any]) -> dict[str, Any]:
    spread = statistics.get("length") or statistics.get("value") or {}
    return {name: statistics[name] for name in ("count", "empty", "distinct")} | {"mean": spread.get("mean")}


def _label_distance(a: list[dict[str, Any]] | None, b: list[dict[str, Any]] | None) -> float | None:
    if not a or not b:
        return None
    shares = []
    for labels in (a, b):
        total = sum(label["count"] for label in labels)
        shares.append({label["value"]: label["count"] / total for label in labels})
    names = shares[0].keys() | shares[1].keys()
    return round(sum(abs(shares[0].get(name, 0.0) - shares[1].get(name, 0.0)) for name in names) / 2, 4)
