"""Where an endpoint points: a revision is put in force at once, or proposed where policies want approvals for it.

A proposal changes nothing that runs. An endpoint that is to be made is there while its first revision waits, so that
its route is taken; it serves nothing, and is deleted when the proposal is given up.
"""

from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.core import reconcile
from apps.core.lifecycle import Transition
from apps.governance.errors import ChangeStaleError
from apps.governance.models import Decision
from apps.governance.services import Outcome, make_or_ask, record_event
from apps.governance.states import ChangeStatus
from apps.serving import rules
from apps.serving.errors import DeploymentRulesBrokenError
from apps.serving.models import Endpoint, EndpointRevision
from apps.serving.services.revisions import Change, draft_revision, record_on_timeline, refuse_unfit
from apps.serving.states import DEPLOY, EndpointStatus, Wanted


def put_in_force(endpoint: Endpoint, change: Change, *, is_new: bool = False) -> Outcome:
    """Make a revision the one that is wanted of `endpoint`, or ask for it where policies want approvals.

    Call it in a transaction; once that has committed, hand the decision to `refuse_unless_allowed`.

    Args:
        endpoint: locked; or not saved yet, when `is_new`.

    Raises:
        DeploymentRulesBrokenError: names every rule that is broken.
        ChangePendingError: approvals are wanted, and another revision waits for its own.
    """
    revision = draft_revision(endpoint, change, is_new=is_new)

    def keep(decision: Decision) -> None:
        revision.decision_id = decision.pk
        if is_new:
            _insert(endpoint)
        revision.save(force_insert=True)
        if is_new:
            _have_wait(endpoint, revision)

    outcome = make_or_ask(
        actor=change.actor,
        change=revision,
        transition=DEPLOY,
        reason=change.reason,
        rivals=EndpointRevision.objects.filter(endpoint=endpoint.pk),
        keep=keep,
    )
    if outcome.request is not None:
        record_on_timeline(
            endpoint, "proposed", f"{change.actor.label}: {_told(revision)} waits for approval. {change.reason}".strip()
        )
        endpoint.waits_for = outcome.request
    return outcome


def before_revision_move(actor: User, revision: EndpointRevision, transition: Transition) -> None:
    """Before a revision is put in force, or given up: do that to its endpoint, in the same transaction.

    Raises:
        ChangeStaleError: another revision came into force meanwhile, or the endpoint was deleted.
        DeploymentRulesBrokenError: it may no longer be deployed, such as when its model was deprecated.
    """
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",)).select_related("owner_team").get(pk=revision.endpoint_id)
    )
    if transition is DEPLOY:
        if endpoint.wanted == Wanted.DELETE:
            raise ChangeStaleError(label=revision, why="the endpoint has been deleted")
        later = endpoint.revisions.filter(status=ChangeStatus.MADE, number__gt=revision.number)
        if newest := later.first():
            raise ChangeStaleError(label=revision, why=f"revision {newest.number} has come into force")
        refuse_unfit(revision)
        _point_to(actor, endpoint, revision)
    else:
        _give_up(actor, endpoint, revision)


def _insert(endpoint: Endpoint) -> None:
    try:
        with transaction.atomic():
            endpoint.save(force_insert=True)
    except IntegrityError:  # somebody took the name after the rule had looked
        raise DeploymentRulesBrokenError(rules=[rules.route_taken(endpoint.route_name)]) from None


def _have_wait(endpoint: Endpoint, revision: EndpointRevision) -> None:
    """Have a new endpoint point to its first revision, with nothing to do before that is put in force."""
    endpoint.revision, endpoint.wanted, endpoint.status = revision, Wanted.WAIT, EndpointStatus.AWAITING
    endpoint.next_look_at = None
    endpoint.save(update_fields=["revision", "wanted", "status", "next_look_at"])
    record_event(
        actor=revision.created_by,
        action="endpoint.make",
        subject=endpoint,
        after={"route_name": endpoint.route_name, "environment": str(endpoint.environment)},
        reason=revision.reason,
    )


def _point_to(actor: User, endpoint: Endpoint, revision: EndpointRevision) -> None:
    is_first = endpoint.wanted == Wanted.WAIT
    before = None if is_first else endpoint.revision
    endpoint.revision, endpoint.wanted = revision, Wanted.SERVE
    endpoint.status = EndpointStatus.PENDING if is_first else EndpointStatus.DEPLOYING
    endpoint.status_reason = ""
    endpoint.generation += 1
    endpoint.save(update_fields=["revision", "wanted", "status", "status_reason", "generation"])
    record_event(
        actor=actor,
        action=f"endpoint.{revision.cause}",
        subject=endpoint,
        before=_audited(before) if before else None,
        after=_audited(revision),
        reason=revision.reason,
    )
    message = f"{actor.label}: {_told(revision)} is wanted. {revision.reason}"
    record_on_timeline(endpoint, str(revision.cause), message.strip())
    reconcile.wake(endpoint)
    _follow(revision, endpoint)


def _give_up(actor: User, endpoint: Endpoint, revision: EndpointRevision) -> None:
    record_on_timeline(endpoint, "given_up", f"{actor.label}: r{revision.number} is not put in force.")
    if endpoint.wanted != Wanted.WAIT:
        return
    endpoint.wanted, endpoint.status = Wanted.DELETE, EndpointStatus.DELETED
    endpoint.status_reason = "It was not approved, and never served."
    endpoint.save(update_fields=["wanted", "status", "status_reason"])
    record_event(
        actor=actor,
        action="endpoint.delete",
        subject=endpoint,
        before={"wanted": str(Wanted.WAIT)},
        after={"wanted": str(Wanted.DELETE)},
        reason="Its first revision was not approved.",
    )
    _follow(revision, endpoint)


def _follow(revision: EndpointRevision, endpoint: Endpoint) -> None:
    """Have the endpoint that the caller holds say what the locked row does: who deploys is given that one."""
    held = revision.endpoint
    for name in ("revision", "wanted", "status", "status_reason", "generation", "next_look_at"):
        setattr(held, name, getattr(endpoint, name))


def _told(revision: EndpointRevision) -> str:
    prompt = f" with {revision.prompt_version}" if revision.prompt_version else ""
    return f"r{revision.number}, {revision.model_version}{prompt},"


def _audited(revision: EndpointRevision) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "revision_id": str(revision.pk),
        "revision_digest": revision.digest,
        "model": str(revision.model_version),
        "model_digest": revision.model_digest,
        "prompt": str(revision.prompt_version) if revision.prompt_version else None,
        "decision_id": str(revision.decision_id) if revision.decision_id else None,
    }
