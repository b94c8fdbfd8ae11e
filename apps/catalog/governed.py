"""What governance is told about model versions: what an approval is for, who had a part in it, facts, lineage."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.catalog import states
from apps.catalog.errors import NothingToReviewError
from apps.catalog.models import ModelVersion
from apps.core.canonical import digest_of
from apps.core.lifecycle import Transition
from apps.governance.lineage import Edge


def manifest(model: ModelVersion) -> dict[str, Any]:
    """Return what an approval of `model` is for. `digest` names every byte of its files."""
    base = model.base_model
    return {
        "name": model.name,
        "version": model.version,
        "type": model.type,
        "model_family": model.model_family,
        "license": model.license,
        "files_digest": model.digest,
        "metadata_digest": digest_of(model.metadata),
        "base_model": {"id": str(base.pk), "label": str(base), "files_digest": base.digest} if base else None,
    }


def people(model: ModelVersion) -> dict[UUID, str]:
    """Return who made `model` what it is."""
    uploaders = dict.fromkeys(model.files.values_list("uploaded_by_id", flat=True).distinct(), "uploaded")
    return {**uploaders, model.created_by_id: "registered"}


def file_facts(model: ModelVersion) -> dict[str, Any]:
    """Return the facts "files". `all_safe` is true of every stored file: none is kept unless it was inspected."""
    return {
        "count": model.files.count(),
        "size_bytes": model.size_bytes,
        "all_safe": all(kind for kind in model.files.values_list("kind", flat=True)),
        "license": model.license,
    }


def refuse_empty(actor: User, model: ModelVersion, transition: Transition) -> None:  # noqa: ARG001
    """Before a move: nobody is asked to review an entry without files, unless the model runs elsewhere."""
    if transition is states.SUBMIT and model.type != ModelVersion.Type.EXTERNAL and not model.digest:
        raise NothingToReviewError(label=str(model))


def predecessor(model: ModelVersion) -> ModelVersion | None:
    """Return the version that `model` would stand beside or replace: the one approved before it."""
    siblings = ModelVersion.objects.filter(owner_team_id=model.owner_team_id, name=model.name, pk__lt=model.pk)
    return siblings.filter(status=states.ModelStatus.APPROVED).order_by("-pk").first()


def metadata(model: ModelVersion) -> dict[str, Any]:
    """Return what is said of `model`, for a comparison."""
    return {
        "version": model.version,
        "type": model.type,
        "model_family": model.model_family,
        "license": model.license,
        "base_model": str(model.base_model) if model.base_model else None,
        "description": model.description,
        **model.metadata,
    }


def files(model: ModelVersion) -> dict[str, Any]:
    """Return the digest of each file of `model`, for a comparison."""
    return {f"{file.path}": file.sha256[:16] for file in model.files.order_by("path")}


def lineage(models: Sequence[ModelVersion]) -> Iterable[Edge]:
    """Return the edges between `models` and what they were tuned from, or what was tuned from them."""
    ids = [model.pk for model in models]
    down = ModelVersion.objects.filter(base_model__in=ids).select_related("base_model")
    up = ModelVersion.objects.filter(pk__in=ids, base_model__isnull=False).select_related("base_model")
    for model in [*down, *up]:
        assert model.base_model is not None  # noqa: S101  # both queries ask for it
        yield Edge(model.base_model, model, "tuned into")
