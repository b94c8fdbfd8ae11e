"""Files of a model version: looked at first, kept by content, never changed once approved."""

from collections.abc import Mapping
from pathlib import Path

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.catalog.errors import FilePathError, FilesChangedError
from apps.catalog.facts import digest_of_files, merged_facts
from apps.catalog.inspection import Inspected, checked_path, inspect_file, refuse_clashes
from apps.catalog.models import ModelFile, ModelVersion
from apps.catalog.services.entries import refuse_frozen
from apps.core.blobs import Beat, Blob, blob_of, copy_blob, keep_blob, unheard
from apps.core.errors import NotFoundError
from apps.governance.services import record_event, subject_edited


def add_model_files(*, actor: User, model: ModelVersion, files: Mapping[str, Path]) -> ModelVersion:
    """Add files to a version, or replace those of the same path: all of them or none.

    Args:
        files: path inside the model, such as `adapter/adapter_config.json`, to where the bytes are now.

    Raises:
        FilePathError: a path would leave the model's folder or clashes with another.
        FileRefusedError: a file is not of an accepted kind, by name or by content.
        VersionFrozenError: the version is approved or deprecated.
    """
    require(actor, Permission.EDIT, model)
    refuse_frozen(model, ["files"])
    # Looking takes time, so it comes before the lock; nothing is kept unless all files pass.
    looked_at = {checked_path(path): (file, inspect_file(path, file), blob_of(file)) for path, file in files.items()}
    with transaction.atomic():
        locked = _locked(actor, model)
        refuse_clashes({*looked_at, *locked.files.values_list("path", flat=True)})
        for path, (file, inspected, blob) in looked_at.items():
            keep_blob(file, blob)
            _put(actor, locked, path, inspected, blob)
        _files_changed(actor, locked, action="modelversion.add_files", paths=sorted(looked_at))
    return locked


@transaction.atomic
def remove_model_file(*, actor: User, model: ModelVersion, path: str) -> ModelVersion:
    """Take one file off a version.

    Raises:
        NotFoundError: the version has no such file.
        VersionFrozenError: the version is approved or deprecated.
    """
    locked = _locked(actor, model)
    removed, _ = locked.files.filter(path=path).delete()
    if not removed:
        raise NotFoundError(f"'{locked}' has no file '{path[:300]}'.")
    _files_changed(actor, locked, action="modelversion.remove_file", paths=[path])
    return locked


def materialise_model(model: ModelVersion, folder: Path, *, digest: str, beat: Beat = unheard) -> None:
    """Copy the files of a version below `folder`, verifying the digest of each.

    Args:
        digest: of the files as they were when the caller was allowed to use them.
        beat: called after each piece of a file.

    Raises:
        FilesChangedError: the version has other files by now.
        BlobDamagedError: stored bytes are no longer those that were stored.
    """
    files = list(model.files.all())
    # Of the very list that is copied: files may be swapped at any time, and swapped back.
    if digest_of_files(files) != digest:
        raise FilesChangedError(label=str(model))
    for file in files:
        target = folder / file.path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise FilePathError(path=file.path, why="it leads out of the model's folder")
        copy_blob(file.sha256, target, beat=beat)


def _locked(actor: User, model: ModelVersion) -> ModelVersion:
    locked = ModelVersion.objects.select_for_update(of=("self",)).get(pk=model.pk)
    require(actor, Permission.EDIT, locked)
    refuse_frozen(locked, ["files"])
    return locked


def _put(actor: User, model: ModelVersion, path: str, inspected: Inspected, blob: Blob) -> None:
    content = {
        "size_bytes": blob.size_bytes,
        "sha256": blob.sha256,
        "kind": inspected.kind,
        "facts": inspected.facts,
        "uploaded_by": actor,
    }
    ModelFile.objects.update_or_create(model_version=model, path=path, defaults=content)


def _files_changed(actor: User, model: ModelVersion, *, action: str, paths: list[str]) -> None:
    """Bring what the version says of its files up to date, and record the change."""
    before = {"files_digest": model.digest}
    files = list(model.files.all())
    model.digest = digest_of_files(files)
    model.size_bytes = sum(file.size_bytes for file in files)
    model.facts = merged_facts(files)
    model.save(update_fields=["digest", "size_bytes", "facts", "updated_at"])
    after = {"files_digest": model.digest, "paths": paths}
    record_event(actor=actor, action=action, subject=model, before=before, after=after)
    subject_edited(actor=actor, subject=model)
