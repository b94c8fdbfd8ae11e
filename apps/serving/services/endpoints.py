"""What is wanted of an endpoint beside a revision: that it rests, or goes."""

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.core import reconcile
from apps.governance.services import record_event
from apps.serving.errors import AlreadySoError
from apps.serving.models import Endpoint
from apps.serving.services.deployments import lock_endpoint
from apps.serving.services.revisions import record_on_timeline
from apps.serving.states import Wanted


@transaction.atomic
def pause(*, actor: User, endpoint: Endpoint, reason: str = "") -> Endpoint:
    """Have an endpoint answer nothing and run nothing until it is redeployed or rolled back.

    Raises:
        NotFoundError, PermissionRefusedError: the actor may not.
        AlreadySoError: it is paused already.
        EndpointGoneError: it has been deleted.
        EndpointAwaitsError: its first revision waits for approval.
    """
    locked, _ = lock_endpoint(actor, endpoint)
    if locked.wanted == Wanted.PAUSE:
        raise AlreadySoError(route_name=locked.route_name, state="paused")
    return _want(actor, locked, Wanted.PAUSE, verb="pause", reason=reason)


@transaction.atomic
def delete_endpoint(*, actor: User, endpoint: Endpoint, reason: str = "") -> Endpoint:
    """Have an endpoint and all that it runs removed; its history stays, and its route's name becomes free.

    Raises:
        NotFoundError, PermissionRefusedError: the actor may not.
        EndpointGoneError: it has been deleted already.
        EndpointAwaitsError: its first revision waits for approval; it goes when that is withdrawn or rejected.
    """
    locked, _ = lock_endpoint(actor, endpoint, Permission.MANAGE)
    return _want(actor, locked, Wanted.DELETE, verb="delete", reason=reason)


def _want(actor: User, locked: Endpoint, wanted: Wanted, *, verb: str, reason: str) -> Endpoint:
    before, locked.wanted = locked.wanted, wanted
    locked.generation += 1
    locked.save(update_fields=["wanted", "generation"])
    record_event(
        actor=actor,
        action=f"endpoint.{verb}",
        subject=locked,
        before={"wanted": str(before)},
        after={"wanted": str(wanted)},
        reason=reason,
    )
    record_on_timeline(locked, verb, f"{actor.label}: {verb}. {reason}".strip())
    reconcile.wake(locked)
    return locked
