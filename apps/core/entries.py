"""What named, versioned entries have in common, whatever they register: plain names, versions, licences, tags."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from apps.core.canonical import canonical_bytes
from apps.core.errors import BrokenRule

METADATA_MAX_BYTES = 64 * 1024
TAGS_MAX = 20

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")
_VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,39}$")
_TAG = re.compile(r"^\w[\w .:/+-]{0,59}$")
_SPDX = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.+-]*( (AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*$")
_SECRET = re.compile(r"api[_-]?key|secret|passw|token$|credential|private[_-]?key", re.IGNORECASE)


def broken_entry_rules(
    *,
    name: str,
    version: str,
    license: str,  # noqa: A002  # the catalogue's own word
    tags: Sequence[str],
    metadata: dict[str, Any],
) -> list[BrokenRule]:
    """Return the rules that the common part of an entry breaks."""
    return [
        *_name(name),
        *_version(version),
        *_license(license),
        *_tags(tags),
        *_metadata_bounds(metadata),
        *_secrets(metadata),
    ]


def next_version(taken: Iterable[str]) -> str:
    """Return the number after the highest of the `taken` versions that are numbers; "1" without any."""
    return str(max((int(version) for version in taken if version.isascii() and version.isdigit()), default=0) + 1)


def _name(name: str) -> Iterator[BrokenRule]:
    if not _NAME.match(name):
        mend = "Use up to 120 letters, digits, dots, hyphens and underscores, beginning with a letter or digit."
        yield BrokenRule("name_plain", "name", f"'{name[:130]}' cannot be a name.", mend)


def _version(version: str) -> Iterator[BrokenRule]:
    if not _VERSION.match(version):
        mend = "Use up to 40 letters, digits, dots, + - and _."
        yield BrokenRule("version_plain", "version", f"'{version[:50]}' cannot be a version.", mend)


def _license(given: str) -> Iterator[BrokenRule]:
    if given and (len(given) > 80 or not _SPDX.match(given)):
        mend = "Use one such as Apache-2.0, MIT, or LicenseRef-name for one that has none."
        yield BrokenRule("license_spdx", "license", f"'{given[:90]}' is no SPDX licence identifier.", mend)


def _tags(tags: Sequence[str]) -> Iterator[BrokenRule]:
    if len(tags) > TAGS_MAX:
        yield BrokenRule("tags_few", "tags", f"There are {len(tags)} tags.", f"Keep at most {TAGS_MAX}.")
    for index, tag in enumerate(tags):
        if not _TAG.match(tag):
            mend = "Use up to 60 letters, digits and . : / + -."
            yield BrokenRule("tag_plain", f"tags[{index}]", f"'{tag[:70]}' cannot be a tag.", mend)


def _metadata_bounds(metadata: dict[str, Any]) -> Iterator[BrokenRule]:
    if len(canonical_bytes(metadata)) > METADATA_MAX_BYTES:
        why = f"The metadata is larger than {METADATA_MAX_BYTES} bytes."
        yield BrokenRule("metadata_bounded", "metadata", why, "Keep what people look up; put the rest in a file.")


def _secrets(metadata: dict[str, Any]) -> Iterator[BrokenRule]:
    for path, value in _leaves(metadata, "metadata"):
        if value and isinstance(value, str) and _SECRET.search(path.rsplit(".", 1)[-1]):
            why = f"'{path}' looks like a secret, and metadata can be read by everybody on the team."
            mend = "Leave it out. Secrets are kept apart, in the environment of the gateway."
            yield BrokenRule("metadata_without_secrets", path, why, mend)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value
