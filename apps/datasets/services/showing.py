"""Showing the rows of a version to somebody. Of rows with personal data in them it is on record who saw them."""

from typing import Any

from apps.accounts.models import User
from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import PREVIEW_ROWS, first_rows
from apps.datasets.states import PiiStatus
from apps.governance.services import record_read


def show_rows(*, actor: User, dataset: DatasetVersion, count: int = PREVIEW_ROWS) -> list[dict[str, Any]]:
    """Return the first rows of a version that `actor` may see.

    Raises:
        ReadNotRecordedError: there is personal data in them, and it cannot be recorded who reads it.
    """
    note_reading(actor=actor, dataset=dataset, what="rows")
    return first_rows(dataset, count)


def note_reading(*, actor: User, dataset: DatasetVersion, what: str) -> None:
    """Record, if there is personal data in a version, that `actor` is about to read its rows or its file."""
    if dataset.pii_status == PiiStatus.DETECTED:
        record_read(actor=actor, subject=dataset, what=what)
