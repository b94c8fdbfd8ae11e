"""The verbs that deploy. Each makes a new, immutable revision; what runs follows by itself (`reconciling.py`).

Where policies want approvals for it, the revision is proposed: nothing that runs changes, and the endpoint that is
returned says in `waits_for` which request it waits for.

All of them may raise:
    NotFoundError, PermissionRefusedError: the actor may not.
    DeploymentRulesBrokenError: names every rule that is broken.
    PolicyDeniedError: a policy in force refuses; nothing is left but the decision.
    ChangePendingError: approvals are wanted, and another revision of the endpoint waits for its own.
    EndpointGoneError: the endpoint has been deleted.
    EndpointAwaitsError: its first revision waits for approval.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.core.errors import NotFoundError
from apps.governance.services import refuse_unless_allowed
from apps.governance.states import ChangeStatus
from apps.prompts.models import PromptVersion
from apps.serving import selectors
from apps.serving.errors import (
    EndpointAwaitsError,
    EndpointGoneError,
    NoGoodRevisionError,
    NothingChangedError,
    NothingServedError,
    NowhereToPromoteError,
    RevisionInForceError,
)
from apps.serving.models import Endpoint, EndpointRevision
from apps.serving.services.revisions import Change
from apps.serving.services.targets import put_in_force
from apps.serving.spec import Spec, parse_spec
from apps.serving.states import NEXT_ENVIRONMENT, Cause, EndpointStatus, Environment, Wanted


def deploy(
    *,
    actor: User,
    team: Team,
    spec: Mapping[str, Any],
    route_name: str,
    environment: str,
    project: Project | None = None,
    backend: str = "local",
    prompt_version: PromptVersion | None = None,
    reason: str = "",
) -> Endpoint:
    """Make an endpoint of `team` and its first revision.

    Args:
        spec: a DeploymentSpec, as `spec.DeploymentSpecIn` describes it.
        prompt_version: the prompt that every call is put into; None for none.

    Raises:
        SpecInvalidError: a field is malformed.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    parsed = parse_spec(spec)
    change = Change(
        actor=actor,
        cause=Cause.DEPLOY,
        spec=parsed,
        model=selectors.model_by_ref(actor=actor, ref=parsed["model_ref"], team_id=team.pk),
        prompt=prompt_version,
        reason=reason,
    )
    endpoint = Endpoint(
        owner_team=team,
        project=project,
        route_name=route_name,
        environment=environment,
        backend=backend,
        created_by=actor,
    )
    with transaction.atomic():
        outcome = put_in_force(endpoint, change, is_new=True)
    refuse_unless_allowed(outcome.decision)
    return endpoint


def update_endpoint(
    *,
    actor: User,
    endpoint: Endpoint,
    scaling: Mapping[str, Any] | None = None,
    prompt_version: PromptVersion | None = None,
    without_prompt: bool = False,
    reason: str = "",
) -> Endpoint:
    """Change the scaling or the prompt of an endpoint; what is not given stays.

    Raises:
        NothingChangedError: it is deployed exactly so already.
        SpecInvalidError: a field is malformed.
    """
    with transaction.atomic():
        locked, current = lock_endpoint(actor, endpoint)
        spec = parse_spec(current.spec | ({} if scaling is None else {"scaling": scaling}))
        prompt = None if without_prompt else prompt_version or current.prompt_version
        if spec == current.spec and prompt == current.prompt_version:
            raise NothingChangedError(route_name=locked.route_name)
        change = Change(
            actor=actor,
            cause=Cause.PROMPT if spec == current.spec else Cause.SCALE,
            spec=spec,
            model=current.model_version,
            prompt=prompt,
            reason=reason,
        )
        outcome = put_in_force(locked, change)
    refuse_unless_allowed(outcome.decision)
    return locked


def redeploy(
    *, actor: User, endpoint: Endpoint, changes: Mapping[str, Any] | None = None, reason: str = ""
) -> Endpoint:
    """Deploy what is in force again, on a new server; with `changes`, fields of the spec that are to be others.

    This is how another model is put behind a route, and how a paused endpoint serves again.

    Raises:
        SpecInvalidError: a field is malformed.
    """
    with transaction.atomic():
        locked, current = lock_endpoint(actor, endpoint)
        spec = parse_spec(_with_changes(current.spec, changes or {}))
        change = Change(
            actor=actor,
            cause=Cause.REDEPLOY,
            spec=spec,
            model=selectors.model_by_ref(actor=actor, ref=spec["model_ref"], team_id=locked.owner_team_id),
            prompt=current.prompt_version,
            reason=reason,
            fresh=True,
        )
        outcome = put_in_force(locked, change)
    refuse_unless_allowed(outcome.decision)
    return locked


def rollback(*, actor: User, endpoint: Endpoint, number: int | None = None, reason: str = "") -> Endpoint:
    """Deploy an earlier revision again: the one of that number, or the last other one that was ever healthy.

    Raises:
        NoGoodRevisionError: there is none to go back to.
        RevisionInForceError: it is in force already.
        NotFoundError: the endpoint has no revision of that number.
    """
    with transaction.atomic():
        locked, current = lock_endpoint(actor, endpoint)
        old = _revision_to_go_back_to(locked, number)
        if old.pk == current.pk:
            raise RevisionInForceError(number=old.number, route_name=locked.route_name)
        change = _change_like(actor, old, Cause.ROLLBACK, reason or f"Back to revision {old.number}.")
        outcome = put_in_force(locked, change)
    refuse_unless_allowed(outcome.decision)
    return locked


def promote(
    *, actor: User, endpoint: Endpoint, route_name: str, environment: str | None = None, reason: str = ""
) -> Endpoint:
    """Deploy exactly what `endpoint` serves to another route in the next environment, and return that endpoint.

    Args:
        route_name: of an endpoint that the team has there, which gets a new revision, or of one to be made.
        environment: None takes the next one: dev, stg, prod.

    Raises:
        NothingServedError: the endpoint serves nothing.
        NowhereToPromoteError: it is in the last environment already.
    """
    require(actor, Permission.EDIT, endpoint)
    served = endpoint.serving_revision
    if served is None or endpoint.wanted != Wanted.SERVE:
        raise NothingServedError(route_name=endpoint.route_name)
    following = environment or NEXT_ENVIRONMENT.get(Environment(endpoint.environment))
    if following is None:
        raise NowhereToPromoteError(route_name=endpoint.route_name, environment=endpoint.environment)
    change = _change_like(actor, served, Cause.PROMOTE, reason or f"Promoted from {served}.")
    with transaction.atomic():
        known = Endpoint.objects.filter(
            route_name=route_name, environment=following, owner_team=endpoint.owner_team, backend=endpoint.backend
        ).exclude(status=EndpointStatus.DELETED)
        if there := known.first():
            target, _ = lock_endpoint(actor, there)
        else:
            target = Endpoint(
                owner_team=endpoint.owner_team,
                project=endpoint.project,
                route_name=route_name,
                environment=following,
                backend=endpoint.backend,
                created_by=actor,
            )
        outcome = put_in_force(target, change, is_new=there is None)
    refuse_unless_allowed(outcome.decision)
    return target


def lock_endpoint(
    actor: User, endpoint: Endpoint, permission: Permission = Permission.EDIT
) -> tuple[Endpoint, EndpointRevision]:
    """Return the endpoint, locked, and the revision in force.

    Raises:
        NotFoundError, PermissionRefusedError: the actor may not.
        EndpointGoneError: it has been deleted, or is being deleted.
        EndpointAwaitsError: its first revision waits for approval.
    """
    require(actor, permission, endpoint)
    locked = Endpoint.objects.select_for_update(of=("self",)).select_related("owner_team").get(pk=endpoint.pk)
    if locked.wanted == Wanted.DELETE:
        raise EndpointGoneError(route_name=locked.route_name)
    if locked.wanted == Wanted.WAIT:
        waiting = selectors.waiting_revision(locked)
        assert waiting is not None, "an endpoint waits for its first revision"  # noqa: S101
        raise EndpointAwaitsError(route_name=locked.route_name, details={"request_id": str(waiting.request_id)})  # type: ignore[attr-defined]
    assert locked.revision_id is not None, "an endpoint is made with its first revision"  # noqa: S101
    return locked, selectors.revisions_of(locked).get(pk=locked.revision_id)


def _change_like(actor: User, revision: EndpointRevision, cause: Cause, reason: str) -> Change:
    return Change(
        actor=actor,
        cause=cause,
        spec=revision.spec,
        model=revision.model_version,
        prompt=revision.prompt_version,
        reason=reason,
        pinned_digest=revision.model_digest,
    )


def _with_changes(spec: Spec, changes: Mapping[str, Any]) -> Spec:
    """Return `spec` with fields replaced; with another model, what followed from the old one is forgotten."""
    followed: Spec = {}
    if "model_ref" in changes:
        followed = {"model_family": None, "job_type": None, "serve_target": None}
    parts = {
        name: spec[name] | value if isinstance(value, Mapping) and isinstance(spec.get(name), Mapping) else value
        for name, value in changes.items()
    }
    return spec | followed | parts


def _revision_to_go_back_to(endpoint: Endpoint, number: int | None) -> EndpointRevision:
    if number is None:
        old = selectors.last_good_revision(endpoint)
        if old is None:
            raise NoGoodRevisionError(route_name=endpoint.route_name)
        return old
    found = selectors.revisions_of(endpoint).filter(number=number, status=ChangeStatus.MADE).first()
    if found is None:
        raise NotFoundError(f"'{endpoint.route_name}' has no revision {number} that was ever in force.")
    return found
