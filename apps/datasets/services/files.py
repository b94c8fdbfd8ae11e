"""The file of a dataset version: examined first, kept by content, never changed once approved."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.blobs import Beat, Blob, blob_of, copy_blob, keep_blob, received, unheard
from apps.datasets.errors import NoFileError, TypeFixedError
from apps.datasets.models import DatasetVersion, ValidationReport
from apps.datasets.services.entries import refuse_frozen
from apps.datasets.states import PiiStatus
from apps.datasets.validation import Examined, examine
from apps.governance.services import record_event, subject_edited

# What a version says of its file; written together with it.
FILE_FIELDS = (
    "format",
    "sha256",
    "size_bytes",
    "row_count",
    "schema",
    "statistics",
    "pii_status",
    "quality_score",
    "uploaded_by",
)


def receive_file(*, actor: User, dataset: DatasetVersion, chunks: Iterable[bytes], filename: str) -> DatasetVersion:
    """Stream a file in and make it the version's; see `add_dataset_file`.

    Raises:
        TooLargeError: it is larger than UPLOAD_MAX_BYTES.
    """
    require(actor, Permission.EDIT, dataset)
    with received(chunks, limit_bytes=settings.UPLOAD_MAX_BYTES) as (path, _):
        return add_dataset_file(actor=actor, dataset=dataset, file=path, filename=filename)


def add_dataset_file(*, actor: User, dataset: DatasetVersion, file: Path, filename: str) -> DatasetVersion:
    """Examine a file and make it the version's, in place of the one it had.

    Args:
        file: where the bytes are now; they are copied.
        filename: what the sender calls it. It decides nothing; it must only not claim another format.

    Raises:
        FileRefusedError: it is no CSV, JSON Lines or Parquet file in UTF-8.
        BrokenRowsError: rows do not fit the version's type. Nothing of the file is kept.
        VersionFrozenError: the version is approved or deprecated.
    """
    require(actor, Permission.EDIT, dataset)
    refuse_frozen(dataset, ["file"])
    # Looking takes time, so it comes before the lock; nothing is kept unless the file passes.
    with file.open("rb") as opened:
        examined = examine(opened, filename=filename, type=dataset.type)
    blob = blob_of(file)
    with transaction.atomic():
        locked = DatasetVersion.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
        require(actor, Permission.EDIT, locked)
        refuse_frozen(locked, ["file"])
        if locked.type != dataset.type:
            raise TypeFixedError(label=str(locked), type=dataset.type)
        before = {"sha256": locked.sha256}
        keep_blob(file, blob)
        put_file(locked, examined, blob, actor=actor)
        locked.save(update_fields=[*FILE_FIELDS, "updated_at"])
        keep_report(locked, examined)
        record_event(
            actor=actor, action="datasetversion.add_file", subject=locked, before=before, after=noted_file(locked)
        )
        subject_edited(actor=actor, subject=locked)
    return locked


def put_file(dataset: DatasetVersion, examined: Examined, blob: Blob, *, actor: User) -> None:
    """Set, without saving, what a version says of its file."""
    dataset.format = examined.format
    dataset.sha256, dataset.size_bytes = blob.sha256, blob.size_bytes
    dataset.row_count, dataset.schema, dataset.statistics = examined.rows, examined.schema, examined.statistics
    dataset.pii_status = PiiStatus.DETECTED if examined.pii["found"] else PiiStatus.CLEAN
    dataset.quality_score = examined.quality["score"]
    dataset.uploaded_by = actor


def keep_report(dataset: DatasetVersion, examined: Examined) -> ValidationReport:
    """Keep what was found in the version's file."""
    return ValidationReport.objects.create(
        dataset=dataset,
        sha256=dataset.sha256,
        rows=examined.rows,
        duplicates=examined.duplicates,
        pii=examined.pii,
        quality=examined.quality,
    )


def noted_file(dataset: DatasetVersion) -> dict[str, str | int | float | None]:
    """Return what the audit trail holds of a version's file."""
    return {
        "sha256": dataset.sha256,
        "rows": dataset.row_count,
        "pii_status": dataset.pii_status,
        "quality_score": dataset.quality_score,
    }


def materialise_dataset(dataset: DatasetVersion, folder: Path, *, beat: Beat = unheard) -> Path:
    """Copy the file of a version into `folder`, verifying its digest; return where it is.

    Args:
        beat: called after each piece of the file.

    Raises:
        NoFileError: the version has none.
        BlobDamagedError: the stored bytes are no longer those that were stored.
    """
    if not dataset.sha256:
        raise NoFileError(label=str(dataset))
    target = folder / f"{dataset.name}-{dataset.version}.{dataset.format}"
    copy_blob(dataset.sha256, target, beat=beat)
    return target
