"""Servers of an endpoint: their rows, written under the lease of the step that saw or did something."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from apps.catalog.services import file_manifest
from apps.core.blobs import copy_blob
from apps.core.canonical import digest_of
from apps.serving.backends import backend_named
from apps.serving.backends.base import Deployment, ServerFile, Sighting
from apps.serving.errors import BytesChangedError
from apps.serving.models import Endpoint, EndpointRevision, Server
from apps.serving.services.revisions import record_on_timeline
from apps.serving.states import ServerStatus

STABLE = timedelta(minutes=1)  # a server that was ready for so long did not fail to start
BACKOFF_MAX_S = 60.0
LOG_LINES = 200


def deployment_of(revision: EndpointRevision, *, name: str) -> Deployment:
    """Return what a backend is to run for `revision`.

    Raises:
        BytesChangedError: the model's files are not those that the revision was allowed for.
    """
    files = file_manifest(revision.model_version)
    if digest_of(files) != revision.model_digest:
        raise BytesChangedError(model=revision.model_version, number=revision.number)
    return Deployment(
        name=name,
        model_name=revision.endpoint.route_name,
        files=tuple(ServerFile(**file) for file in files),
        runtime=revision.spec["runtime"],
        resources=revision.spec["resources"],
        image=revision.runtime_image,
    )


def layer_of(endpoint: Endpoint, files: Sequence[ServerFile]) -> Callable[[Path], None]:
    """Return what lays `files` below a folder, each verified, keeping the lease of the step meanwhile."""

    def lay_files(folder: Path) -> None:
        beat = endpoint.heartbeat()
        for file in files:
            target = folder / file.path
            if target.exists() and target.stat().st_size == file.size_bytes:
                continue  # laid by a step that was killed; the server verifies every byte again before it loads any
            copy_blob(file.sha256, target, beat=beat)

    return lay_files


def add_server(endpoint: Endpoint, revision: EndpointRevision) -> Server:
    """Have a server for `revision`, not started yet."""
    with transaction.atomic():
        endpoint.hold_lease()
        server = Server.objects.create(endpoint=endpoint, revision=revision, digest=revision.server_digest)
        record_on_timeline(endpoint, "starting", f"A server of r{revision.number} is being started.")
    return server


def note_ready(endpoint: Endpoint, server: Server, address: str) -> None:
    """Write down that a server answers."""
    with transaction.atomic():
        endpoint.hold_lease()
        server.status, server.address, server.ready_at = ServerStatus.READY, address, timezone.now()
        server.save(update_fields=["status", "address", "ready_at"])
        took_s = (server.ready_at - server.created_at).total_seconds()
        message = f"The server of r{server.revision.number} is ready, {took_s:.0f} s after its start."
        record_on_timeline(endpoint, "ready", message)


def note_ended(endpoint: Endpoint, server: Server, sighting: Sighting) -> None:
    """Write down that a server has ended, and take it off the route if it was the one that answered."""
    was_asked_to = server.status == ServerStatus.STOPPING
    with transaction.atomic():
        endpoint.hold_lease()
        server.status, server.ended_at, server.log_tail = ServerStatus.ENDED, timezone.now(), sighting.log_tail
        if not was_asked_to:
            server.reason = sighting.reason or "Nothing is left of it where it ran."
            server.has_failed, server.is_hopeless = sighting.has_failed, sighting.is_hopeless
        server.save(update_fields=["status", "ended_at", "log_tail", "reason", "has_failed", "is_hopeless"])
        kind = "stopped" if was_asked_to else "ended"
        record_on_timeline(endpoint, kind, f"The server of r{server.revision.number} has ended. {server.reason}")
        _take_off_route(endpoint, server)


def note_stopping(endpoint: Endpoint, server: Server, reason: str, *, has_failed: bool) -> None:
    """Write down that a server is to end; the caller then tells the backend."""
    with transaction.atomic():
        endpoint.hold_lease()
        server.status, server.reason, server.has_failed = ServerStatus.STOPPING, reason, has_failed
        server.save(update_fields=["status", "reason", "has_failed"])
        _take_off_route(endpoint, server)


def log_of(*, server: Server, lines: int = LOG_LINES) -> str:
    """Return the last lines of a server's log, of an ended one as it was kept; the caller has checked the endpoint."""
    if server.status == ServerStatus.ENDED:
        return server.log_tail
    return backend_named(server.endpoint.backend).log_tail(server.external_name, lines)


def last_ended(endpoint: Endpoint, revision: EndpointRevision) -> Server | None:
    """Return the server of `revision` that ended last."""
    ended = endpoint.servers.filter(digest=revision.server_digest, status=ServerStatus.ENDED)
    return ended.order_by("-ended_at").first()


def failures_of(endpoint: Endpoint, revision: EndpointRevision) -> list[Server]:
    """Return the servers of `revision` that failed since one last ran stably or was stopped on purpose, newest
    first."""
    failed: list[Server] = []
    ended = endpoint.servers.filter(digest=revision.server_digest, status=ServerStatus.ENDED)
    for server in ended.order_by("-ended_at")[:50]:
        ran_stably = server.ready_at and server.ended_at and server.ended_at - server.ready_at > STABLE
        if ran_stably or not server.has_failed:
            break
        failed.append(server)
    return failed


def rest_before_restart_s(failures: Sequence[Server]) -> float:
    """Return how many seconds to wait before the next start: none at first, then 2, 4, 8 ... 60 since the last end."""
    last = failures[0].ended_at if failures else None
    if last is None:
        return 0.0
    pause_s = min(2.0 ** len(failures), BACKOFF_MAX_S)
    return max(0.0, pause_s - (timezone.now() - last).total_seconds())


def _take_off_route(endpoint: Endpoint, server: Server) -> None:
    if server.address and endpoint.address == server.address:
        endpoint.save_observed(address="", healthy_since=None)
