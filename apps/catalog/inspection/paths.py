"""Paths of model files: relative, plain, and inside the model's own folder on every system."""

import re
from collections.abc import Iterable

from apps.catalog.errors import FilePathError

PATH_MAX = 300
DEPTH_MAX = 4
_SEGMENT = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._+=@-]*$")


def checked_path(path: str) -> str:
    """Return `path` if it can be a file's path inside a model, such as `adapter/adapter_config.json`.

    Raises:
        FilePathError: it is absolute, climbs, is hidden, too long or too deep, or holds other than plain characters.
    """
    if len(path) > PATH_MAX:
        raise FilePathError(path=path[:60] + "…", why=f"it is longer than {PATH_MAX} characters")
    segments = path.split("/")
    if len(segments) > DEPTH_MAX:
        raise FilePathError(path=path, why=f"it is more than {DEPTH_MAX} folders deep")
    for segment in segments:
        if not _SEGMENT.match(segment) or segment.endswith("."):
            why = "use letters, digits and . _ - + = @, with / between folders, relative to the model's folder"
            raise FilePathError(path=path, why=why)
    return path


def refuse_clashes(paths: Iterable[str]) -> None:
    """Refuse paths that cannot lie in one folder: a file where a folder is needed, or names alike but for case.

    Raises:
        FilePathError: names the path.
    """
    files = sorted(paths)
    folded: dict[str, str] = {}
    for path in files:
        if twin := folded.get(path.casefold()):
            raise FilePathError(path=path, why=f"it differs from '{twin}' in upper and lower case only")
        folded[path.casefold()] = path
    for path in files:
        parents = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)]
        if taken := next((parent for parent in parents if parent.casefold() in folded), None):
            raise FilePathError(path=path, why=f"'{taken}' is a file")
