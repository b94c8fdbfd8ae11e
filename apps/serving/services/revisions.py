"""Putting a revision of an endpoint in force: the rules, the policies, the rows, the audit event, the wake-up.

Called with the endpoint locked, inside a transaction that commits also when the policies refuse: then nothing is left
of what was asked for but the decision.
"""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.catalog.models import ModelVersion
from apps.core import reconcile
from apps.core.canonical import digest_of
from apps.governance.models import Decision
from apps.governance.services import decide, record_event
from apps.integrations.images import serving_image
from apps.prompts.models import PromptVersion
from apps.serving import rules, states
from apps.serving.errors import DeploymentRulesBrokenError
from apps.serving.models import Endpoint, EndpointEvent, EndpointRevision
from apps.serving.rules import Asked
from apps.serving.selectors import trained_by
from apps.serving.spec import Spec
from apps.serving.states import Cause, EndpointStatus, Wanted

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


def put_in_force(endpoint: Endpoint, change: Change, *, is_new: bool = False) -> Decision:
    """Make a revision the one that is wanted of `endpoint`, if the policies allow it; return their decision.

    Args:
        endpoint: locked; or not saved yet, when `is_new`.

    Raises:
        DeploymentRulesBrokenError: names every rule that is broken.
    """
    revision = draft_revision(endpoint, change, is_new=is_new)
    decision = decide(actor=change.actor, subject=revision, transition=states.DEPLOY)
    if decision.allows_at_once:
        revision.decision_id = decision.pk
        if is_new:
            _insert(endpoint)
        _keep(endpoint, revision, change, is_new=is_new)
    return decision


def draft_revision(endpoint: Endpoint, change: Change, *, is_new: bool) -> EndpointRevision:
    """Return the revision that `change` would make, unsaved, once it keeps every rule.

    Raises:
        DeploymentRulesBrokenError: names every rule that is broken.
    """
    asked = _asked(endpoint, change, is_new=is_new)
    rules.refuse_broken(asked)
    return _revision(endpoint, change, asked)


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


def _insert(endpoint: Endpoint) -> None:
    try:
        with transaction.atomic():
            endpoint.save(force_insert=True)
    except IntegrityError:  # somebody took the name after the rule had looked
        raise DeploymentRulesBrokenError(rules=[rules.route_taken(endpoint.route_name)]) from None


def _keep(endpoint: Endpoint, revision: EndpointRevision, change: Change, *, is_new: bool) -> None:
    before = endpoint.revision
    revision.save(force_insert=True)
    endpoint.revision = revision
    endpoint.wanted = Wanted.SERVE
    endpoint.status = EndpointStatus.PENDING if is_new else EndpointStatus.DEPLOYING
    endpoint.status_reason = ""
    endpoint.generation += 1
    endpoint.save(update_fields=["revision", "wanted", "status", "status_reason", "generation"])
    record_event(
        actor=change.actor,
        action=f"endpoint.{change.cause}",
        subject=endpoint,
        before=_audited(before) if before else None,
        after=_audited(revision),
        reason=change.reason,
    )
    prompt = f" with {revision.prompt_version}" if revision.prompt_version else ""
    message = f"{change.actor.label}: r{revision.number} is wanted, {revision.model_version}{prompt}."
    record_on_timeline(endpoint, change.cause, f"{message} {change.reason}".strip())
    reconcile.wake(endpoint)


def _audited(revision: EndpointRevision) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "revision_id": str(revision.pk),
        "revision_digest": revision.digest,
        "model": str(revision.model_version),
        "model_digest": revision.model_digest,
        "prompt": str(revision.prompt_version) if revision.prompt_version else None,
        "decision_id": str(revision.decision_id),
    }
