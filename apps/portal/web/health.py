"""Whether the portal runs (`/healthz`), whether it can work (`/readyz`), and its figures (`/metrics`)."""

from hmac import compare_digest
from ipaddress import ip_address

import django_prometheus.exports
from django.conf import settings
from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import Redis, RedisError

from apps.core.doors import PUBLIC
from apps.core.web.pages import needs


@needs(PUBLIC)
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The process answers."""
    return JsonResponse({"status": "ok"})


@needs(PUBLIC)
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """What the portal needs is there. The broker may be away: then work waits for the sweep, and that is said."""
    checks = {"database": _database(), "storage": _storage(), "broker": _broker()}
    needed = all(checks[name] == "ok" for name in ("database", "storage"))
    status = "ok" if needed and checks["broker"] == "ok" else ("degraded" if needed else "unavailable")
    return JsonResponse({"status": status, "checks": checks}, status=200 if needed else 503)


@needs(PUBLIC)
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures, for this machine or for who bears METRICS_TOKEN."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    has_token = bool(settings.METRICS_TOKEN) and compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if not has_token and not _is_loopback(request):
        return HttpResponse("Only this machine, or a bearer of METRICS_TOKEN, may read this.\n", status=403)
    exported: HttpResponse = django_prometheus.exports.ExportToDjangoView(request)
    return exported


def _is_loopback(request: HttpRequest) -> bool:
    """Every address on the way is this machine's; over the Unix socket the gateway names the caller's."""
    named = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    direct = request.META.get("REMOTE_ADDR") or ""
    addresses = [*named, *([direct] if direct else [])]
    try:
        return bool(addresses) and all(ip_address(address).is_loopback for address in addresses)
    except ValueError:
        return False


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"unavailable: {type(error).__name__}"
    return f"{len(waiting)} migrations wait; run `manage.py migrate`" if waiting else "ok"


def _storage() -> str:
    try:
        storages["blobs"].exists("readiness")
    except OSError as error:
        return f"unavailable: {error.strerror}"
    return "ok"


def _broker() -> str:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except RedisError as error:
        return f"unavailable: {type(error).__name__}; work waits for the sweep"
    return "ok"
