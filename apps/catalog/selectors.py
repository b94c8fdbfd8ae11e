"""Reads of the catalog: what an actor may see of model versions."""

from dataclasses import dataclass
from typing import Any, TypedDict

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.catalog.errors import UnknownVersionError
from apps.catalog.facts import manifest_of_files
from apps.catalog.models import ModelFile, ModelVersion
from apps.governance.subjects import fact_providers


class ModelFilter(TypedDict, total=False):
    """What a list of model versions can be narrowed by."""

    type: str
    status: str
    owner_team: str
    model_family: str
    name: str
    q: str
    tag: str


def visible_models(*, actor: User) -> QuerySet[ModelVersion]:
    """Versions that `actor` may see, newest first. Every read of a version starts here."""
    models = ModelVersion.objects.select_related("owner_team", "project", "base_model", "created_by")
    return visible_to(actor, models.order_by("-id"))


def filtered_models(*, actor: User, asked: ModelFilter) -> QuerySet[ModelVersion]:
    """Visible versions, narrowed by what was asked; `q` searches name, version and description."""
    models = visible_models(actor=actor)
    for name in ("type", "status", "model_family", "name"):
        if value := asked.get(name):
            models = models.filter(**{name: value})
    if team := asked.get("owner_team"):
        models = models.filter(owner_team__slug=team)
    if tag := asked.get("tag"):
        models = models.filter(tags__contains=[tag])
    if q := asked.get("q"):
        models = models.filter(Q(name__icontains=q) | Q(version__icontains=q) | Q(description__icontains=q))
    return models


def siblings(*, actor: User, model: ModelVersion) -> QuerySet[ModelVersion]:
    """All versions of the same named model that `actor` may see, `model` included, newest first."""
    return visible_models(actor=actor).filter(owner_team_id=model.owner_team_id, name=model.name)


def sibling(*, actor: User, model: ModelVersion, version: str) -> ModelVersion:
    """Return one version of the same named model.

    Raises:
        UnknownVersionError: there is none that `actor` may see.
    """
    found = siblings(actor=actor, model=model).filter(version=version).first()
    if found is None:
        raise UnknownVersionError(name=model.name, version=version)
    return found


def files_of(model: ModelVersion) -> QuerySet[ModelFile]:
    """The files of a version, by path; the caller has checked that the version may be seen."""
    return model.files.select_related("uploaded_by").order_by("path")


def file_manifest(model: ModelVersion) -> list[dict[str, Any]]:
    """Return `[{"path", "size_bytes", "sha256"}]` of a version's files, by path."""
    return manifest_of_files(model.files.all())


def evidence_about(model: ModelVersion) -> dict[str, Any]:
    """Return what the other apps know of `model`, by name of the fact: evaluations, reviews, training."""
    own = ("files", "external")
    return {name: given.provide(model) for name, given in fact_providers(ModelVersion).items() if name not in own}


COMPARED_FIELDS = ("type", "status", "model_family", "license", "description", "tags", "metadata", "facts", "card")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions.

    Attributes:
        fields: name to the two values, of fields that differ.
        files: per path, "added", "removed", "changed" or "same", with both digests.
        evidence: what the other apps know of each.
    """

    a: ModelVersion
    b: ModelVersion
    fields: dict[str, tuple[Any, Any]]
    files: list[dict[str, Any]]
    evidence: tuple[dict[str, Any], dict[str, Any]]


def compare_models(a: ModelVersion, b: ModelVersion) -> Comparison:
    """Compare two versions: what the entries say, the files by content, and the evidence about each."""
    fields = {name: (getattr(a, name), getattr(b, name)) for name in COMPARED_FIELDS}
    fields["base_model"] = (str(a.base_model or ""), str(b.base_model or ""))
    return Comparison(
        a=a,
        b=b,
        fields={name: pair for name, pair in fields.items() if pair[0] != pair[1]},
        files=_compared_files(a, b),
        evidence=(evidence_about(a), evidence_about(b)),
    )


def _compared_files(a: ModelVersion, b: ModelVersion) -> list[dict[str, Any]]:
    of_a = {file["path"]: file for file in file_manifest(a)}
    of_b = {file["path"]: file for file in file_manifest(b)}
    return [_compared_file(path, of_a.get(path), of_b.get(path)) for path in sorted(of_a | of_b)]


def _compared_file(path: str, a: dict[str, Any] | None, b: dict[str, Any] | None) -> dict[str, Any]:
    if a is None or b is None:
        change = "added" if a is None else "removed"
    else:
        change = "same" if a["sha256"] == b["sha256"] else "changed"
    return {
        "path": path,
        "change": change,
        "sha256": [a and a["sha256"], b and b["sha256"]],
        "size_bytes": [a and a["size_bytes"], b and b["size_bytes"]],
    }
