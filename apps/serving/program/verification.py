"""The model's files against their manifest."""

import hashlib
from pathlib import Path

from apps.serving.program.errors import VerificationError
from apps.serving.program.spec import Manifest


def verify(folder: Path, manifest: Manifest) -> None:
    """Check that `folder` holds exactly the files of `manifest`, byte for byte.

    A file that the manifest does not name is refused too: a library that finds, say, an adapter or another chat
    template beside the weights uses it.

    Raises:
        VerificationError: naming the first file that differs, is missing or is not known.
    """
    expected = {file.path: file for file in manifest.files}
    found = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    }
    for name in sorted(found - expected.keys()):
        raise VerificationError(f"The file {name} lies among the model's files and was never approved; remove it.")
    for name in sorted(expected.keys() - found):
        raise VerificationError(f"The model's file {name} is missing; fetch the approved files again.")
    for name, file in sorted(expected.items()):
        digest = _sha256(folder / name)
        if digest != file.sha256:
            raise VerificationError(
                f"The model's file {name} is not the one that was approved; fetch the approved files again.",
                detail=f"sha256 expected {file.sha256}, found {digest}",
            )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VerificationError(f"The model's file {path.name} cannot be read: {error.strerror}.") from error
