"""What governance is told about deployments: what a decision is about, who asked, facts, lineage."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.catalog.models import ModelVersion
from apps.governance.comparisons import Aspect
from apps.governance.lineage import Edge
from apps.governance.states import ChangeStatus
from apps.governance.subjects import FactProvider, fact_providers, people_of
from apps.prompts.models import PromptVersion
from apps.serving import shapes
from apps.serving.models import Endpoint, EndpointRevision


def manifest(revision: EndpointRevision) -> dict[str, Any]:
    """Return what a decision about a deployment is about."""
    endpoint, model, prompt = revision.endpoint, revision.model_version, revision.prompt_version
    return {
        "route_name": endpoint.route_name,
        "environment": str(endpoint.environment),
        "backend": endpoint.backend,
        "number": revision.number,
        "cause": str(revision.cause),
        "model": {"id": str(model.pk), "label": str(model), "files_digest": revision.model_digest},
        "prompt": {"id": str(prompt.pk), "label": str(prompt), "digest": prompt.digest} if prompt else None,
        "spec": revision.spec,
        "runtime_image": revision.runtime_image,
        "revision_digest": revision.digest,
    }


def people(revision: EndpointRevision) -> dict[UUID, str]:
    """Return who may not approve a deployment: who asked for it, and who made its model and its prompt."""
    made = {person: f"{part} the model of" for person, part in people_of(revision.model_version).items()}
    wrote = {revision.prompt_version.created_by_id: "wrote the prompt of"} if revision.prompt_version else {}
    return {**made, **wrote, revision.created_by_id: "deployed"}


def risk_tier(revision: EndpointRevision) -> Any:
    """Return the risk tier of the model that is deployed."""
    return revision.model_version.metadata.get("risk_tier")


def page(revision: EndpointRevision) -> str:
    return revision.endpoint.get_absolute_url()


def model_facts(revision: EndpointRevision) -> dict[str, Any]:
    """Return the facts "model"."""
    model = revision.model_version
    return {
        "id": str(model.pk),
        "name": model.name,
        "version": model.version,
        "type": model.type,
        "model_family": model.model_family,
        "status": model.status,
        "license": model.license,
        "tags": list(model.tags),
        "digest": model.digest,
        "size_bytes": model.size_bytes,
    }


def endpoint_facts(revision: EndpointRevision) -> dict[str, Any]:
    """Return the facts "endpoint": what it was before."""
    endpoint = revision.endpoint
    made = EndpointRevision.objects.filter(endpoint=endpoint.pk, status=ChangeStatus.MADE).exclude(pk=revision.pk)
    return {
        "is_new": not made.exists(),
        "was_healthy": made.filter(digest=revision.digest, became_healthy_at__isnull=False).exists(),
    }


def in_force(revision: EndpointRevision) -> EndpointRevision | None:
    """Return the revision whose place this one would take, or took; None for the first."""
    made = EndpointRevision.objects.filter(endpoint=revision.endpoint_id, status=ChangeStatus.MADE)
    return made.select_related("endpoint").filter(number__lt=revision.number).order_by("-number").first()


def _deployed(revision: EndpointRevision) -> dict[str, Any]:
    return {
        "model": str(revision.model_version),
        "model_digest": revision.model_digest,
        "prompt": str(revision.prompt_version) if revision.prompt_version else "",
        "runtime_image": revision.runtime_image,
    }


def _spec(revision: EndpointRevision) -> dict[str, Any]:
    """Return the DeploymentSpec as a flat record."""
    flat: dict[str, Any] = {}
    for name, value in revision.spec.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": told for inner, told in value.items()}
        else:
            flat[name] = value
    return flat


ASPECTS = (Aspect("What is deployed", _deployed), Aspect("How it runs", _spec))


def facts() -> list[FactProvider]:
    """Return the facts of a revision: its model, and everything that is known of the model under the same names."""
    own = FactProvider("model", shapes.MODEL, "The model version that is to be deployed.", model_facts)
    told = "What the endpoint was before this revision."
    there = FactProvider("endpoint", shapes.ENDPOINT, told, endpoint_facts)
    return [own, there, *(_of_model(provider) for provider in fact_providers(ModelVersion).values())]


def _of_model(provider: FactProvider) -> FactProvider:
    return FactProvider(
        provider.name,
        provider.shape,
        f"Of the model: {provider.description}",
        lambda revision: provider.provide(revision.model_version),
    )


def lineage_of_models(models: Sequence[ModelVersion]) -> Iterable[Edge]:
    """Return the edges from `models` to the endpoints that were ever deployed with them."""
    revisions = EndpointRevision.objects.filter(model_version__in=[model.pk for model in models])
    return _edges(revisions.order_by("endpoint_id", "model_version_id").distinct("endpoint_id", "model_version_id"))


def lineage_of_prompts(prompts: Sequence[PromptVersion]) -> Iterable[Edge]:
    """Return the edges from `prompts` to the endpoints that were ever deployed with them."""
    revisions = EndpointRevision.objects.filter(prompt_version__in=[prompt.pk for prompt in prompts])
    return _edges(revisions.order_by("endpoint_id", "prompt_version_id").distinct("endpoint_id", "prompt_version_id"))


def lineage_of_endpoints(endpoints: Sequence[Endpoint]) -> Iterable[Edge]:
    """Return the edges into `endpoints` from every model and prompt that they were ever deployed with."""
    parts = ("endpoint_id", "model_version_id", "prompt_version_id")
    revisions = EndpointRevision.objects.filter(endpoint__in=[endpoint.pk for endpoint in endpoints])
    return _edges(revisions.order_by(*parts).distinct(*parts))


def _edges(revisions: QuerySet[EndpointRevision]) -> Iterable[Edge]:
    """Return the edges of those revisions that were put in force: what is only proposed has served nothing."""
    for revision in revisions.filter(status=ChangeStatus.MADE).select_related(
        "endpoint", "model_version", "prompt_version__template"
    ):
        yield Edge(revision.model_version, revision.endpoint, "served by")
        if revision.prompt_version:
            yield Edge(revision.prompt_version, revision.endpoint, "used by")
