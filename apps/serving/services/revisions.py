"""Drafting a revision of an endpoint: the rules that it keeps, what follows from its model, its digests."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.catalog.models import ModelVersion
from apps.core.canonical import digest_of
from apps.integrations.images import serving_image
from apps.prompts.models import PromptVersion
from apps.serving import rules
from apps.serving.models import Endpoint, EndpointEvent, EndpointRevision
from apps.serving.rules import Asked
from apps.serving.selectors import trained_by
from apps.serving.spec import Spec
from apps.serving.states import Cause

OUTPUT_SHARE = 4  # an answer may take this part of the context, where no limit is given
OUTPUT_TOKENS = 256  # or this many tokens, where the model's files do not say how much it can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A revision that somebody asks for.

    Attributes:
        model: None when the spec names nothing that the actor may see.
        pinned_digest: what the model's files must still be; empty to take them as they are now.
        fresh: whether it needs a server of its own, even where one like it runs.
    """

    actor: User
    cause: Cause
    spec: Spec
    model: ModelVersion | None
    prompt: PromptVersion | None
    reason: str
    pinned_digest: str = ""
    fresh: bool = False


def draft_revision(endpoint: Endpoint, change: Change, *, is_new: bool) -> EndpointRevision:
    """Return the revision that `change` would make, unsaved, once it keeps every rule.

    Raises:
        DeploymentRulesBrokenError: names every rule that is broken.
    """
    asked = _asked(endpoint, change, is_new=is_new)
    rules.refuse_broken(asked)
    return _revision(endpoint, change, asked)


def refuse_unfit(revision: EndpointRevision) -> None:
    """Refuse a revision that no longer keeps the rules it was drafted under, for whoever drafted it.

    Raises:
        DeploymentRulesBrokenError: names every rule that is broken by now, such as that its files are those of then.
    """
    change = Change(
        actor=revision.created_by,
        cause=Cause(revision.cause),
        spec=revision.spec,
        model=revision.model_version,
        prompt=revision.prompt_version,
        reason=revision.reason,
        pinned_digest=revision.model_digest,
    )
    rules.refuse_broken(_asked(revision.endpoint, change, is_new=False))


def record_on_timeline(endpoint: Endpoint, kind: str, message: str) -> None:
    """Add to the endpoint's timeline, in the transaction of what happened."""
    EndpointEvent.objects.create(endpoint=endpoint, at=timezone.now(), kind=kind, message=message)


def _asked(endpoint: Endpoint, change: Change, *, is_new: bool) -> Asked:
    model = change.model
    if model is not None:  # locked, so that it cannot be changed or deprecated between here and the commit
        model = ModelVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=model.pk)
    return Asked(
        actor=change.actor,
        spec=change.spec,
        model=model,
        trained_by=trained_by(model),
        prompt=change.prompt,
        pinned_digest=change.pinned_digest,
        route_name=endpoint.route_name,
        environment=endpoint.environment,
        backend=endpoint.backend,
        is_new=is_new,
    )


def _revision(endpoint: Endpoint, change: Change, asked: Asked) -> EndpointRevision:
    model = asked.model
    assert model is not None, "the rules have refused a deployment without a model"  # noqa: S101
    last = None if endpoint._state.adding else endpoint.revisions.order_by("-number").first()
    revision = EndpointRevision(
        endpoint=endpoint,
        number=last.number + 1 if last else 1,
        cause=change.cause,
        model_version=model,
        model_digest=model.digest,
        prompt_version=change.prompt,
        spec=_resolved(asked, model),
        runtime_image=change.spec["runtime_image"] or serving_image(asked.serve_target, change.spec["use_gpu"]),
        reason=change.reason,
        created_by=change.actor,
    )
    revision.digest = _digest(revision)
    revision.server_digest = _server_digest(revision, fresh=change.fresh)
    return revision


def _resolved(asked: Asked, model: ModelVersion) -> Spec:
    """Return the spec with what follows from the model written out."""
    runtime = dict(asked.spec["runtime"])
    if runtime["max_output_tokens"] is None:
        runtime["max_output_tokens"] = asked.positions // OUTPUT_SHARE if asked.positions else OUTPUT_TOKENS
    if runtime["max_input_tokens"] is None and asked.positions:
        runtime["max_input_tokens"] = asked.positions - runtime["max_output_tokens"]
    return asked.spec | {
        "model_ref": str(model.pk),
        "model_family": model.model_family,
        "job_type": asked.job_type or None,
        "serve_target": asked.serve_target,
        "runtime": runtime,
    }


def _digest(revision: EndpointRevision) -> str:
    prompt = revision.prompt_version
    return digest_of(
        {
            "spec": revision.spec,
            "model_digest": revision.model_digest,
            "prompt_digest": prompt.digest if prompt else None,
            "runtime_image": revision.runtime_image,
        }
    )


def _server_digest(revision: EndpointRevision, *, fresh: bool) -> str:
    """Return the digest of what a server depends on. The prompt is not part of it: the gateway renders prompts."""
    parts: dict[str, Any] = {"model_digest": revision.model_digest, "image": revision.runtime_image}
    parts |= {name: revision.spec[name] for name in ("serve_target", "use_gpu", "resources", "runtime", "scaling")}
    if fresh:
        parts["revision"] = str(revision.pk)
    return digest_of(parts)
