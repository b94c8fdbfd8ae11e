"""What governance is told about model versions: what an approval is for, who had a part in it, facts, lineage."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from apps.accounts.models import User
from apps.catalog import states
from apps.catalog.errors import NothingToReviewError
from apps.catalog.models import ModelVersion
from apps.catalog.rules import PROVIDERS
from apps.core.canonical import digest_of
from apps.core.lifecycle import Transition
from apps.governance.fact_shapes import Flag, Record, Text, Whole
from apps.governance.lineage import Edge

SHAPE = Record(
    fields={
        "name": Text(description="Of the model.", example="voc-triage"),
        "version": Text(description="Of the model.", example="1"),
        "type": Text(description="Where it comes from.", values=tuple(ModelVersion.Type.values)),
        "model_family": Text(description="Its architecture.", example="llama"),
        "license": Text(description="SPDX identifier; empty where it is not stated.", example="Apache-2.0"),
        "files_digest": Text(
            description="SHA-256 over all its files; empty without files.", example="sha256:2c26b46b…"
        ),
        "metadata_digest": Text(description="SHA-256 of what its maker says of it.", example="sha256:44136fa3…"),
        "base_model": Record(
            fields={
                "id": Text(
                    description="Of the model that it was tuned from.", example="01960d6e-0000-7000-8000-0000000000b1"
                ),
                "label": Text(description="Its name and version.", example="voc-base 1"),
                "files_digest": Text(description="SHA-256 over its files.", example="sha256:fcde2b2e…"),
            },
            description="What it was tuned from; null for a base model.",
            nullable=True,
        ),
    },
)
EXTERNAL = Record(
    fields={
        "provider": Text(description="Who runs it.", values=PROVIDERS),
        "host": Text(
            description="Where it is reached; empty for the provider's own address.", example="api.example.com"
        ),
        "is_remote": Flag(description="Whether what it is asked leaves the company's own networks."),
        "contract": Text(
            description="The contract or terms that its use falls under; empty without.", example="C-2026-17"
        ),
        "region": Text(
            description="Where the provider processes what it is sent; empty where not stated.", example="eu"
        ),
        "trains_on_data": Flag(description="Whether the provider trains on it; true where that is not stated."),
        "retention_days": Whole(
            description="How long the provider keeps it; null where that is not stated.", example=30, nullable=True
        ),
    },
    description="What the maker states of an external model in `metadata`; empty for any other.",
)
FILES = Record(
    fields={
        "count": Whole(description="How many files the version has.", example=6),
        "size_bytes": Whole(description="Of all of them together.", example=1_843_200),
        "all_safe": Flag(description="Whether every file was inspected; none is kept otherwise."),
        "license": Text(description="As in `subject.license`.", example="Apache-2.0"),
    },
    description="The version's files.",
)


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


def risk_tier(model: ModelVersion) -> Any:
    """Return the risk tier that its maker states in `metadata.risk_tier`."""
    return model.metadata.get("risk_tier")


def external_facts(model: ModelVersion) -> dict[str, Any]:
    """Return the facts "external". What is not stated counts as the worse case."""
    if model.type != ModelVersion.Type.EXTERNAL:
        return {}
    stated = model.metadata
    host = urlsplit(str(stated.get("base_url") or "")).hostname or ""
    return {
        "provider": stated.get("provider"),
        "host": host,
        "is_remote": not _is_own_network(host),
        "contract": str(stated.get("contract") or ""),
        "region": str(stated.get("region") or ""),
        "trains_on_data": stated.get("trains_on_data") is not False,
        "retention_days": stated.get("retention_days"),
    }


def _is_own_network(host: str) -> bool:
    """Tell whether a host is this machine's or a private network's, as far as its name or address says."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".internal", ".local", ".svc", ".cluster.local"))


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
