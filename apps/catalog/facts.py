"""A version's files seen as one: its digest, its size, and what its files say of it."""

from collections.abc import Iterable
from typing import Any

from apps.catalog.models import ModelFile
from apps.core.canonical import digest_of

Manifest = list[dict[str, Any]]


def manifest_of_files(files: Iterable[ModelFile]) -> Manifest:
    """Return path, size and SHA-256 of each file, by path: what the digest of a version is taken of."""
    ordered = sorted(files, key=lambda file: file.path)
    return [{"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256} for file in ordered]


def digest_of_files(files: Iterable[ModelFile]) -> str:
    """Return the digest of a version's files, `sha256:<hex>`; empty without files."""
    manifest = manifest_of_files(files)
    return digest_of(manifest) if manifest else ""


def merged_facts(files: Iterable[ModelFile]) -> dict[str, Any]:
    """Return what the files at the root of a version say together: shards add up, folders and adapters do not count."""
    at_root = [file for file in files if "/" not in file.path and not file.path.startswith("adapter_")]
    facts: dict[str, Any] = {}
    shards = [file.facts for file in at_root if file.kind == ModelFile.Kind.WEIGHTS]
    if shards:
        facts["parameter_count"] = sum(shard["parameter_count"] for shard in shards)
        facts["dtype"] = max(shards, key=lambda shard: shard["parameter_count"])["dtype"]
    for file in at_root:
        if file.path == "config.json":
            facts |= file.facts
    return facts
