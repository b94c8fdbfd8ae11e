"""One step of bringing what runs to what is wanted. Safe to take twice, late, or after a crash between any two lines.

Of an endpoint that shall serve, the wanted revision gets a server; once that is ready the traffic moves to it, and then
the other servers are stopped (blue-green). Until then the revision that serves is kept running. Of one that shall pause
or go, the traffic stops first and the servers after.
"""

import math
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.services import system_account
from apps.core.blobs import BlobDamagedError
from apps.governance.services import record_event
from apps.serving.backends import backend_named
from apps.serving.backends.base import ServerState, ServingBackend, Sighting
from apps.serving.errors import BytesChangedError
from apps.serving.models import Endpoint, EndpointRevision, Server
from apps.serving.services import servers
from apps.serving.services.revisions import record_on_timeline
from apps.serving.states import EndpointStatus, ServerStatus, Wanted

LOOK_SOON_S = 1.0
LOOK_AGAIN_S = 5.0
DRAIN = timedelta(seconds=2)  # for the gateway to hear of the new address before the old server is told to end
START_TIMEOUT = timedelta(minutes=15)
MAX_STARTS = 3  # of a revision that was never healthy
PROBES_MISSED_MAX = 12
HEALTH_NOTED_EVERY = timedelta(seconds=30)


def step(endpoint: Endpoint) -> float | None:
    """Take one step for an endpoint under lease; return in how many seconds to look again, or None when at rest."""
    try:
        look_in_s = _Step(endpoint, backend_named(endpoint.backend)).take()
    except _OvertakenError:
        return 0.0
    return None if look_in_s == math.inf else look_in_s


class _OvertakenError(Exception):
    """Somebody wants something else of the endpoint than when this step began."""


class _Step:
    def __init__(self, endpoint: Endpoint, backend: ServingBackend) -> None:
        self.endpoint, self.backend = endpoint, backend
        self.seen: dict[Server, Sighting] = {}

    def take(self) -> float:
        if self.endpoint.wanted == Wanted.WAIT:
            return math.inf
        self._look()
        self._clear_ended()
        return self._serve() if self.endpoint.wanted == Wanted.SERVE else self._wind_down()

    def _look(self) -> None:
        """Look at every live server, and write down which have ended."""
        for server in self.endpoint.servers.live().select_related("revision"):
            sighting = self.backend.observe(server.external_name)
            is_lost = sighting.state == ServerState.ABSENT and server.status != ServerStatus.STARTING
            if sighting.state == ServerState.ENDED or is_lost:
                servers.note_ended(self.endpoint, server, sighting)
            else:
                self.seen[server] = sighting

    def _clear_ended(self) -> None:
        for server in self.endpoint.servers.filter(status=ServerStatus.ENDED, is_cleared=False):
            self.backend.forget(server.external_name)
            server.is_cleared = True
            server.save(update_fields=["is_cleared"])

    def _serve(self) -> float:
        wanted, serving = self.endpoint.revision, self.endpoint.serving_revision
        assert wanted is not None, "an endpoint is made with its first revision"  # noqa: S101
        look_in_s = self._keep(wanted)
        needed = {wanted.server_digest}
        if serving is not None and not self._answers(wanted):
            needed.add(serving.server_digest)
            if serving.server_digest != wanted.server_digest:
                look_in_s = min(look_in_s, self._keep(serving))
        return min(look_in_s, self._stop_all_but(needed))

    def _wind_down(self) -> float:
        if self.endpoint.address or self.endpoint.serving_revision_id:
            self._move_traffic(None, "")
            return DRAIN.total_seconds()
        if self.seen:
            for server in self.seen:
                self._stop(server, "The endpoint is wanted to rest.")
            return LOOK_SOON_S
        is_to_go = self.endpoint.wanted == Wanted.DELETE
        self._conclude(EndpointStatus.DELETED if is_to_go else EndpointStatus.PAUSED, "")
        return math.inf

    # --- one revision ---------------------------------------------------------------------------------------------

    def _keep(self, revision: EndpointRevision) -> float:
        """See to it that `revision` has a server that answers; return in how many seconds to look again."""
        server = self._server_of(revision)
        if server is None:
            return self._start(revision)
        sighting = self.seen[server]
        if server.status == ServerStatus.READY:
            return self._attend(revision, server, sighting)
        if sighting.state == ServerState.ABSENT:
            return self._launch(revision, server)
        if sighting.state == ServerState.READY:
            servers.note_ready(self.endpoint, server, sighting.address)
            return self._attend(revision, server, sighting)
        return self._await(revision, server)

    def _server_of(self, revision: EndpointRevision) -> Server | None:
        fitting = (ServerStatus.STARTING, ServerStatus.READY)
        of_revision = (s for s in self.seen if s.digest == revision.server_digest and s.status in fitting)
        return next(of_revision, None)

    def _answers(self, revision: EndpointRevision) -> bool:
        server = self._server_of(revision)
        return server is not None and self.endpoint.address == server.address != ""

    def _start(self, revision: EndpointRevision) -> float:
        failures = servers.failures_of(self.endpoint, revision)
        was_healthy = revision.became_healthy_at is not None
        if failures and (failures[0].is_hopeless or (len(failures) >= MAX_STARTS and not was_healthy)):
            self._say(EndpointStatus.FAILED, failures[0].reason, of=revision)
            return math.inf
        self._say_starting(revision)
        rest_s = servers.rest_before_restart_s(failures)
        if rest_s > 0:
            return rest_s
        server = servers.add_server(self.endpoint, revision)
        self.seen[server] = Sighting(state=ServerState.ABSENT)
        return self._launch(revision, server)

    def _launch(self, revision: EndpointRevision, server: Server) -> float:
        self._say_starting(revision)
        try:
            deployment = servers.deployment_of(revision, name=server.external_name)
            self.backend.deploy(deployment, servers.layer_of(self.endpoint, deployment.files))
        except (BytesChangedError, BlobDamagedError) as error:
            refused = Sighting(state=ServerState.ENDED, reason=str(error), has_failed=True, is_hopeless=True)
            servers.note_ended(self.endpoint, server, refused)
            del self.seen[server]
            return 0.0
        return LOOK_SOON_S

    def _await(self, revision: EndpointRevision, server: Server) -> float:
        self._say_starting(revision)
        if timezone.now() - server.created_at > START_TIMEOUT:
            minutes = START_TIMEOUT.total_seconds() / 60
            self._stop(server, f"It was not ready {minutes:.0f} minutes after its start.", has_failed=True)
        return LOOK_SOON_S

    def _attend(self, revision: EndpointRevision, server: Server, sighting: Sighting) -> float:
        if self.endpoint.address != server.address or self.endpoint.serving_revision_id != revision.pk:
            self._move_traffic(revision, server.address)
        missed = 0 if sighting.state == ServerState.READY else int(self.endpoint.health.get("failures", 0)) + 1
        self._note_health(missed)
        if missed > PROBES_MISSED_MAX:
            self._stop(server, f"It did not answer {missed} probes in a row. {sighting.reason}", has_failed=True)
            return LOOK_SOON_S
        if missed:
            self._say(EndpointStatus.DEGRADED, sighting.reason or "The server says that it is not ready.", of=revision)
        else:
            self._say(EndpointStatus.HEALTHY, "", of=revision)
        return LOOK_AGAIN_S

    # --- what changes ---------------------------------------------------------------------------------------------

    def _stop_all_but(self, needed: set[str]) -> float:
        others = [server for server in self.seen if server.digest not in needed]
        moved_at = self.endpoint.healthy_since
        if others and moved_at and timezone.now() - moved_at < DRAIN:
            return LOOK_SOON_S
        for server in others:
            self._stop(server, "Another revision has its place now.")
        return LOOK_SOON_S if others else math.inf

    def _stop(self, server: Server, reason: str, *, has_failed: bool = False) -> None:
        if server.status != ServerStatus.STOPPING:
            servers.note_stopping(self.endpoint, server, reason, has_failed=has_failed)
        self.backend.remove(server.external_name)

    def _move_traffic(self, revision: EndpointRevision | None, address: str) -> None:
        """Have the gateway send calls to `address`: the one place that moves what serves."""
        endpoint, now = self.endpoint, timezone.now()
        before = endpoint.serving_revision
        with transaction.atomic():
            self._hold()
            since = now if address else None
            endpoint.save_observed(serving_revision=revision, address=address, healthy_since=since, health={})
            if revision is not None and revision.became_healthy_at is None:
                revision.became_healthy_at = now
                revision.save(update_fields=["became_healthy_at"])
            if revision == before:
                return
            why = f"The server of r{revision.number} is ready." if revision else "The endpoint is wanted to rest."
            record_event(
                actor=system_account(),
                action="endpoint.move_traffic",
                subject=endpoint,
                before=_served(before),
                after=_served(revision),
                reason=why,
            )
            goes = f"to r{revision.number}" if revision else "nowhere"
            record_on_timeline(endpoint, "traffic", f"Calls go {goes} now.")

    def _note_health(self, missed: int) -> None:
        now, known = timezone.now(), self.endpoint.health
        is_news = missed != known.get("failures")
        if is_news or now - datetime.fromisoformat(known["checked_at"]) > HEALTH_NOTED_EVERY:
            self.endpoint.save_observed(health={"checked_at": now.isoformat(), "failures": missed})

    def _say_starting(self, revision: EndpointRevision) -> None:
        last = servers.last_ended(self.endpoint, revision)
        why = f"{last.reason} Another server is being started." if last and last.has_failed else ""
        if revision.became_healthy_at is None:
            self._say(
                EndpointStatus.DEPLOYING, why or f"The server of r{revision.number} is being started.", of=revision
            )
        else:
            self._say(EndpointStatus.DEGRADED, why or "Its server is gone; another is being started.", of=revision)

    def _say(self, status: EndpointStatus, reason: str, *, of: EndpointRevision) -> None:
        """Write the status of the endpoint, which is that of its wanted revision."""
        if of.pk == self.endpoint.revision_id:
            self._conclude(status, reason)

    def _conclude(self, status: EndpointStatus, reason: str) -> None:
        if (self.endpoint.status, self.endpoint.status_reason) == (status, reason):
            return
        with transaction.atomic():
            self._hold()
            if self.endpoint.status != status:
                record_on_timeline(self.endpoint, status, reason or f"The endpoint is {status.label.lower()}.")
            self.endpoint.save_observed(status=status, status_reason=reason)

    def _hold(self) -> None:
        """Lock the row, and stop when it is wanted to be otherwise by now: what this step saw is not about that."""
        self.endpoint.hold_lease()
        if not Endpoint.objects.filter(pk=self.endpoint.pk, generation=self.endpoint.generation).exists():
            raise _OvertakenError


def _served(revision: EndpointRevision | None) -> dict[str, str | int] | None:
    if revision is None:
        return None
    return {"revision": revision.number, "revision_id": str(revision.pk), "model_digest": revision.model_digest}
