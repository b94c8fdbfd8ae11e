"""Reads of serving: what an actor may see of endpoints, and the models and prompts that they may deploy."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_to
from apps.catalog.models import ModelVersion
from apps.catalog.selectors import visible_models
from apps.catalog.states import ModelStatus
from apps.governance.selectors import waiting_request
from apps.governance.states import ChangeStatus
from apps.prompts.errors import VersionOrLabelError
from apps.prompts.models import PromptVersion
from apps.serving.errors import UnknownPromptError
from apps.serving.models import Endpoint, EndpointEvent, EndpointRevision, Server
from apps.serving.states import EndpointStatus


def visible_endpoints(*, actor: User) -> QuerySet[Endpoint]:
    """Endpoints that `actor` may see, newest first, those that were deleted included."""
    endpoints = Endpoint.objects.select_related(
        "owner_team",
        "project",
        "created_by",
        "revision__model_version",
        "revision__prompt_version__template",
        "serving_revision__model_version",
        "serving_revision__prompt_version__template",
    )
    return visible_to(actor, endpoints)


def filtered_endpoints(*, actor: User, asked: dict[str, Any]) -> QuerySet[Endpoint]:
    """Visible endpoints by environment, model, status and team; deleted ones only when asked for by status."""
    lookups = {
        "environment": "environment",
        "model_id": "revision__model_version_id",
        "status": "status",
        "owner_team": "owner_team__slug",
        "q": "route_name__icontains",
    }
    endpoints = visible_endpoints(actor=actor).filter(**{lookups[name]: value for name, value in asked.items()})
    return endpoints if "status" in asked else endpoints.exclude(status=EndpointStatus.DELETED)


def revisions_of(endpoint: Endpoint) -> QuerySet[EndpointRevision]:
    """Revisions of an endpoint that the caller may see, newest first."""
    return endpoint.revisions.select_related("endpoint", "model_version", "prompt_version__template", "created_by")


def servers_of(endpoint: Endpoint) -> QuerySet[Server]:
    """Servers of an endpoint that the caller may see, newest first."""
    return endpoint.servers.select_related("revision")


def timeline_of(endpoint: Endpoint) -> QuerySet[EndpointEvent]:
    """What happened to an endpoint that the caller may see, newest first."""
    return endpoint.events.order_by("-id")


def waiting_revision(endpoint: Endpoint) -> EndpointRevision | None:
    """Return the revision of an endpoint that waits for approval, with `request_id`; None when none does."""
    waiting = revisions_of(endpoint).filter(status=ChangeStatus.PROPOSED)
    return waiting.annotate(request_id=waiting_request(EndpointRevision)).first()


def last_good_revision(endpoint: Endpoint) -> EndpointRevision | None:
    """Return the newest revision that was healthy once and is not the one in force."""
    good = revisions_of(endpoint).filter(became_healthy_at__isnull=False)
    return good.exclude(number=endpoint.revision.number if endpoint.revision else 0).order_by("-number").first()


def model_by_ref(*, actor: User, ref: str, team_id: UUID) -> ModelVersion | None:
    """Return the model that `ref` names to `actor`: an id, or name:version, of `team_id` before any other team."""
    models = visible_models(actor=actor)
    try:
        return models.filter(pk=UUID(ref)).first()
    except ValueError:
        name, _, version = ref.rpartition(":")
    named = list(models.filter(name=name, version=version)[:2])
    own = [model for model in named if model.owner_team_id == team_id]
    if own:
        return own[0]
    return named[0] if len(named) == 1 else None


def deployable_models(*, actor: User) -> QuerySet[ModelVersion]:
    """Models with files that `actor` may use and that some environment takes, newest first."""
    models = ModelVersion.objects.select_related("owner_team").exclude(digest="")
    fitting = models.filter(status__in=[ModelStatus.UNDER_REVIEW, ModelStatus.APPROVED])
    return visible_to(actor, fitting.order_by("-pk"), Permission.USE)


def trained_by(model: ModelVersion | None) -> str:
    """Return the type of the job that made `model`; empty when it was not trained here."""
    job = getattr(model, "produced_by", None) if model else None
    return str(job.job_type) if job else ""


def usable_prompts(*, actor: User) -> QuerySet[PromptVersion]:
    """Prompt versions that `actor` may have an endpoint use, newest first."""
    prompts = PromptVersion.objects.select_related("template__owner_team").prefetch_related("labels")
    return visible_to(actor, prompts, Permission.USE)


def prompt_of_policy(*, actor: User, team_id: UUID, policy: Mapping[str, Any]) -> PromptVersion:
    """Return the prompt version that a prompt policy names.

    Args:
        policy: `template` (id, or name on the team), and `version` or `label`; the newest version without either.

    Raises:
        UnknownPromptError: there is none that `actor` may use.
        VersionOrLabelError: both are given.
    """
    prompts, number, label = usable_prompts(actor=actor).order_by("-number"), policy.get("version"), policy.get("label")
    if number is not None and label:
        raise VersionOrLabelError(fields={"prompt_policy.label": ["Leave out this, or the version."]})
    if number is not None:
        prompts = prompts.filter(number=number)
    if label:
        prompts = prompts.filter(labels__name=label)
    try:
        found = prompts.filter(template_id=UUID(policy["template"])).first()
    except ValueError:
        found = prompts.filter(template__name=policy["template"], template__owner_team_id=team_id).first()
    if found is None:
        which = f" version {number}" if number else f" with the label '{label}'" if label else ""
        raise UnknownPromptError(template=policy["template"], version=which)
    return found
