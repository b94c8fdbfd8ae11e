"""Personal data over all rows: counts by kind, and where, with masked samples."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from apps.datasets.pii import Found, PiiKind, find_pii, masked_sample
from apps.datasets.texts import texts_in

LISTED_MAX = 200


@dataclass(slots=True)
class PersonalData:
    """Add rows in order, then ask for `as_dict`. An item that stands in two columns of a row counts once."""

    items: int = 0
    rows: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    listed: list[dict[str, Any]] = field(default_factory=list)

    def add(self, number: int, values: dict[str, Any]) -> None:
        places: dict[tuple[PiiKind, str], tuple[Found, list[str]]] = {}
        for column, value in values.items():
            for text in texts_in(value):
                for item in find_pii(text):
                    _, columns = places.setdefault((item.kind, item.value), (item, []))
                    if column not in columns:
                        columns.append(column)
        self.items += len(places)
        self.rows += bool(places)
        for item, columns in places.values():
            self.by_kind[item.kind.value] += 1
            if len(self.listed) < LISTED_MAX:
                sample = masked_sample(item)
                self.listed.append({"row": number, "kind": item.kind.value, "columns": columns, "sample": sample})

    def as_dict(self) -> dict[str, Any]:
        """Return what the report keeps; never a value."""
        return {
            "found": self.items,
            "rows": self.rows,
            "by_kind": dict(self.by_kind),
            "items": self.listed,
            "is_cut": self.items > len(self.listed),
        }
