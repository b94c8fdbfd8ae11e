"""What governance is told about dataset versions: what an approval is for, who had a part in it, facts, lineage."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.core.canonical import digest_of
from apps.core.lifecycle import Transition
from apps.datasets import states
from apps.datasets.errors import NothingToReviewError
from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import current_report
from apps.governance.fact_shapes import Flag, Number, Record, Text, Whole
from apps.governance.lineage import Edge

ANCESTORS_MAX = 20

SHAPE = Record(
    fields={
        "name": Text(description="Of the dataset.", example="voc-support"),
        "version": Text(description="Of the dataset.", example="2"),
        "type": Text(description="What its rows are.", values=tuple(DatasetVersion.Type.values)),
        "license": Text(description="SPDX identifier; empty where it is not stated.", example="CC-BY-4.0"),
        "format": Text(description="Of its file.", example="jsonl"),
        "sha256": Text(description="Of its file; empty without one.", example="9f86d081…"),
        "metadata_digest": Text(description="SHA-256 of what its maker says of it.", example="sha256:44136fa3…"),
        "parent": Record(
            fields={
                "id": Text(
                    description="Of the version it was cleaned from.", example="01960d6e-0000-7000-8000-0000000000d1"
                ),
                "label": Text(description="Its name and version.", example="voc-support 1"),
                "sha256": Text(description="Of its file.", example="60303ae2…"),
            },
            description="What it was cleaned from; null for one that was uploaded as it is.",
            nullable=True,
        ),
    },
)
VALIDATION = Record(
    fields={
        "validated": Flag(description="Whether there is a report on the very bytes that the version has."),
        "rows": Whole(description="How many rows the file has; null before it was read.", example=549, nullable=True),
        "pii_status": Text(description="What the scan for personal data found.", values=tuple(states.PiiStatus.values)),
        "pii_found": Whole(description="How many values look like personal data.", example=0),
        "duplicates": Whole(description="How many rows repeat another.", example=3),
        "quality_score": Number(description="From 0 to 100; 0 where it was not validated.", example=93.5),
    },
    description="What validation found in its file.",
)


def manifest(dataset: DatasetVersion) -> dict[str, Any]:
    """Return what an approval of `dataset` is for. `sha256` names every byte of its file."""
    parent = dataset.parent
    return {
        "name": dataset.name,
        "version": dataset.version,
        "type": dataset.type,
        "license": dataset.license,
        "format": dataset.format,
        "sha256": dataset.sha256,
        "metadata_digest": digest_of(dataset.metadata),
        "parent": {"id": str(parent.pk), "label": str(parent), "sha256": parent.sha256} if parent else None,
    }


def people(dataset: DatasetVersion) -> dict[UUID, str]:
    """Return who made `dataset` what it is, with those who made what it was cleaned from."""
    parts: dict[UUID, str] = {}
    ancestor: DatasetVersion | None = dataset
    for _ in range(ANCESTORS_MAX):
        if ancestor is None:
            break
        if ancestor.uploaded_by_id is not None:
            parts.setdefault(ancestor.uploaded_by_id, "cleaned" if ancestor.parent_id else "uploaded")
        parts.setdefault(ancestor.created_by_id, "registered")
        ancestor = ancestor.parent
    return parts


def risk_tier(dataset: DatasetVersion) -> Any:
    """Return the risk tier that its maker states in `metadata.risk_tier`."""
    return dataset.metadata.get("risk_tier")


def validation_facts(dataset: DatasetVersion) -> dict[str, Any]:
    """Return the facts "validation". `validated` is true only of a report on the very bytes that the version has."""
    report = current_report(dataset)
    return {
        "validated": report is not None,
        "rows": dataset.row_count,
        "pii_status": dataset.pii_status,
        "pii_found": report.pii["found"] if report else 0,
        "duplicates": report.duplicates["count"] if report else 0,
        "quality_score": dataset.quality_score if dataset.quality_score is not None else 0.0,
    }


def refuse_empty(actor: User, dataset: DatasetVersion, transition: Transition) -> None:  # noqa: ARG001
    """Before a move: nobody is asked to review a dataset without its file."""
    if transition is states.SUBMIT and not dataset.sha256:
        raise NothingToReviewError(label=str(dataset))


def predecessor(dataset: DatasetVersion) -> DatasetVersion | None:
    """Return the version that `dataset` would replace: the one approved before it, else what it was cleaned from."""
    siblings = DatasetVersion.objects.filter(owner_team_id=dataset.owner_team_id, name=dataset.name, pk__lt=dataset.pk)
    approved = siblings.filter(status=states.DatasetStatus.APPROVED).order_by("-pk").first()
    return approved or dataset.parent


def metadata(dataset: DatasetVersion) -> dict[str, Any]:
    """Return what is said of `dataset`, for a comparison."""
    return {
        "version": dataset.version,
        "type": dataset.type,
        "license": dataset.license,
        "description": dataset.description,
        **dataset.metadata,
    }


def content(dataset: DatasetVersion) -> dict[str, Any]:
    """Return what is known of the bytes of `dataset`, for a comparison."""
    facts = validation_facts(dataset)
    measured = {name: facts[name] for name in ("pii_status", "pii_found", "duplicates", "quality_score")}
    return {
        "format": dataset.format,
        "sha256": dataset.sha256[:16],
        "rows": dataset.row_count,
        "size_bytes": dataset.size_bytes,
        **(measured if facts["validated"] else {"validated": False}),
    }


def lineage(datasets: Sequence[DatasetVersion]) -> Iterable[Edge]:
    """Return the edges between `datasets` and what they were cleaned from, or what was cleaned from them."""
    ids = [dataset.pk for dataset in datasets]
    down = DatasetVersion.objects.filter(parent__in=ids).select_related("parent")
    up = DatasetVersion.objects.filter(pk__in=ids, parent__isnull=False).select_related("parent")
    for dataset in [*down, *up]:
        assert dataset.parent is not None  # noqa: S101  # both queries ask for it
        yield Edge(dataset.parent, dataset, "cleaned into")
