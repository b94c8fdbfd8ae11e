"""Reads of datasets: what an actor may see of versions, their rows and their reports."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypedDict

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.core.blobs import open_blob
from apps.datasets.errors import NoFileError, UnknownVersionError
from apps.datasets.models import DatasetVersion, ValidationReport
from apps.datasets.reading import read_rows
from apps.governance.subjects import fact_providers

PREVIEW_ROWS = 20
PREVIEW_ROWS_MAX = 200


class DatasetFilter(TypedDict, total=False):
    """What a list of dataset versions can be narrowed by."""

    name: str
    version: str
    owner_team: str
    pii_status: str
    min_quality_score: float
    type: str
    status: str
    q: str
    tag: str


def visible_datasets(*, actor: User) -> QuerySet[DatasetVersion]:
    """Versions that `actor` may see, newest first. Every read of a version starts here."""
    datasets = DatasetVersion.objects.select_related("owner_team", "project", "parent", "created_by", "uploaded_by")
    return visible_to(actor, datasets.order_by("-id"))


def filtered_datasets(*, actor: User, asked: DatasetFilter) -> QuerySet[DatasetVersion]:
    """Visible versions, narrowed by what was asked; `q` searches name, version and description."""
    datasets = visible_datasets(actor=actor)
    for name in ("name", "version", "pii_status", "type", "status"):
        if value := asked.get(name):
            datasets = datasets.filter(**{name: value})
    if team := asked.get("owner_team"):
        datasets = datasets.filter(owner_team__slug=team)
    if (least := asked.get("min_quality_score")) is not None:
        datasets = datasets.filter(quality_score__gte=least)
    if tag := asked.get("tag"):
        datasets = datasets.filter(tags__contains=[tag])
    if q := asked.get("q"):
        datasets = datasets.filter(Q(name__icontains=q) | Q(version__icontains=q) | Q(description__icontains=q))
    return datasets


def siblings(*, actor: User, dataset: DatasetVersion) -> QuerySet[DatasetVersion]:
    """All versions of the same named dataset that `actor` may see, `dataset` included, newest first."""
    return visible_datasets(actor=actor).filter(owner_team_id=dataset.owner_team_id, name=dataset.name)


def sibling(*, actor: User, dataset: DatasetVersion, version: str) -> DatasetVersion:
    """Return one version of the same named dataset.

    Raises:
        UnknownVersionError: there is none that `actor` may see.
    """
    found = siblings(actor=actor, dataset=dataset).filter(version=version).first()
    if found is None:
        raise UnknownVersionError(name=dataset.name, version=version)
    return found


def current_report(dataset: DatasetVersion) -> ValidationReport | None:
    """Return the report on the file that the version has now; None without one."""
    if not dataset.sha256:
        return None
    return dataset.reports.filter(sha256=dataset.sha256).order_by("-id").first()


def iterate_rows(dataset: DatasetVersion) -> Iterator[dict[str, Any]]:
    """Yield the rows of a version's file, in order; nothing but the current row is in memory.

    Raises:
        NoFileError: it has no file.
    """
    if not dataset.sha256:
        raise NoFileError(label=str(dataset))
    with open_blob(dataset.sha256) as file:
        for row in read_rows(file, format=dataset.format):
            yield row.values


def first_rows(dataset: DatasetVersion, count: int = PREVIEW_ROWS) -> list[dict[str, Any]]:
    """Return the first rows of a version's file; none without a file."""
    return list(islice(iterate_rows(dataset), count)) if dataset.sha256 else []


def evidence_about(dataset: DatasetVersion) -> dict[str, Any]:
    """Return what policies read about `dataset`, by name of the fact."""
    return {name: provider.provide(dataset) for name, provider in fact_providers(DatasetVersion).items()}
