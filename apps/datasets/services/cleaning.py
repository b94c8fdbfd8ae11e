"""Cleaning: a new version without what repeats and without personal data, and what was done to get there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.blobs import keep_blob, open_blob, received
from apps.datasets.errors import EmptyResultError, NoFileError
from apps.datasets.models import DatasetVersion
from apps.datasets.pii import mask_pii
from apps.datasets.reading import Row, read_rows
from apps.datasets.services.entries import save_new
from apps.datasets.services.files import keep_report, noted_file, put_file
from apps.datasets.shapes import REQUIRED
from apps.datasets.texts import texts_in, with_texts
from apps.datasets.validation import examine
from apps.datasets.validation.duplicates import RepeatFinder
from apps.governance.services import record_event

PiiChoice = Literal["mask", "drop_rows", "keep"]


def clean_dataset(
    *,
    actor: User,
    dataset: DatasetVersion,
    version: str | None = None,
    drop_duplicates: bool = True,
    pii: PiiChoice = "mask",
) -> DatasetVersion:
    """Make a new draft version of `dataset`, as JSON Lines, cleaned; the given one is left as it is.

    Args:
        version: of the new one; None for the next number.
        drop_duplicates: keep the first of rows that say the same but for case, spacing and punctuation.
        pii: "mask" puts a placeholder such as [EMAIL] in the place of each item, "drop_rows" leaves out its row.

    The new file is examined like any other, so that its personal data and quality are found anew; how it was made,
    with counts, is in `derivation`.

    Raises:
        NoFileError: there is nothing to clean.
        EmptyResultError: no row would be left.
        VersionTakenError: there is such a version already.
    """
    require(actor, Permission.EDIT, dataset)
    if not dataset.sha256:
        raise NoFileError(label=str(dataset))
    cleaner = _Cleaner(repeated=_repeated_rows(dataset) if drop_duplicates else frozenset(), pii=pii)
    with open_blob(dataset.sha256) as source, received(cleaner.lines(source, dataset.format)) as (path, blob):
        if not cleaner.rows_out:
            raise EmptyResultError(label=str(dataset))
        with path.open("rb") as opened:
            examined = examine(opened, filename="cleaned.jsonl", type=dataset.type)
        cleaned = DatasetVersion(
            owner_team=dataset.owner_team,
            project=dataset.project,
            name=dataset.name,
            version=version or "",
            type=dataset.type,
            license=dataset.license,
            description=dataset.description,
            tags=dataset.tags,
            metadata=dataset.metadata,
            parent=dataset,
            derivation={
                "operation": "clean",
                "drop_duplicates": drop_duplicates,
                "pii": pii,
                "parent_sha256": dataset.sha256,
                **cleaner.counts(),
            },
            created_by=actor,
        )
        with transaction.atomic():
            put_file(cleaned, examined, blob, actor=actor)
            save_new(cleaned)
            keep_blob(path, blob)
            keep_report(cleaned, examined)
            after = {**noted_file(cleaned), "derivation": cleaned.derivation, "parent": str(dataset.pk)}
            record_event(actor=actor, action="datasetversion.clean", subject=cleaned, after=after)
    return cleaned


def _repeated_rows(dataset: DatasetVersion) -> frozenset[int]:
    repeats = RepeatFinder(REQUIRED[dataset.type])
    with open_blob(dataset.sha256) as file:
        for row in read_rows(file, format=dataset.format):
            repeats.add(row.values)
    return frozenset(repeats.found().rows.tolist())


@dataclass(slots=True)
class _Cleaner:
    """Turns rows into the lines of the cleaned file, and counts what it did."""

    repeated: frozenset[int]
    pii: PiiChoice
    rows_in: int = 0
    rows_out: int = 0
    duplicates_dropped: int = 0
    pii_rows_dropped: int = 0
    pii_rows_masked: int = 0
    _masked_in_row: int = field(default=0, repr=False)

    def lines(self, source: Any, format: str) -> Iterator[bytes]:  # noqa: A002
        for row in read_rows(source, format=format):
            self.rows_in += 1
            values = self._cleaned(row)
            if values is not None:
                self.rows_out += 1
                yield orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)

    def counts(self) -> dict[str, int]:
        return {
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "duplicates_dropped": self.duplicates_dropped,
            "pii_rows_dropped": self.pii_rows_dropped,
            "pii_rows_masked": self.pii_rows_masked,
        }

    def _cleaned(self, row: Row) -> dict[str, Any] | None:
        if row.number in self.repeated:
            self.duplicates_dropped += 1
            return None
        if self.pii == "keep":
            return row.values
        if self.pii == "drop_rows":
            holds_pii = any(mask_pii(text)[1] for text in texts_in(row.values))
            self.pii_rows_dropped += holds_pii
            return None if holds_pii else row.values
        self._masked_in_row = 0
        masked: dict[str, Any] = with_texts(row.values, self._mask)
        self.pii_rows_masked += bool(self._masked_in_row)
        return masked

    def _mask(self, text: str) -> str:
        masked, count = mask_pii(text)
        self._masked_in_row += count
        return masked
