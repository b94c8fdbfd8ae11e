"""The processes of one portal, as a table: what each runs, when it is ready, and the order in which they start.

They stop in the opposite order.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from llmops_portal.local import environments, paths, postgres, readiness, redis
from llmops_portal.local.site import HOST, Site
from llmops_portal.local.unprivileged import tethered

# One worker has nobody to gossip with; looking for others costs a second of every start.
CELERY_ALONE = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process under the supervisor.

    `tier`: those of a higher one stop first. `is_ready(start)`: does it answer? `start` is how long its log was before
    it started, in bytes. `once`: it does its work and ends.
    """

    name: str
    tier: int
    command: list[str]
    is_ready: Callable[[int], bool] = field(repr=False)
    stop_signal: str = "TERM"
    stop_within_s: int = 15
    once: bool = False


def services(site: Site) -> list[Process]:
    """Return what must answer before the database can be brought up to date."""
    wanted = []
    if site.brings("DATABASE_URL"):
        cluster = postgres.of_var(site.var)
        wanted.append(
            Process(
                name="postgres",
                tier=0,
                command=cluster.command(),
                is_ready=lambda _start: cluster.is_ready(),
                # "Fast": end the sessions and stop. TERM would wait until they end by themselves.
                stop_signal="INT",
                stop_within_s=30,
            )
        )
    if site.brings("REDIS_URL"):
        socket = paths.redis_socket(site.var)
        wanted.append(
            Process(name="redis", tier=0, command=redis.command(socket), is_ready=lambda _start: redis.is_ready(socket))
        )
    return wanted


def portal(site: Site) -> list[Process]:
    """Return the portal itself."""
    web, log = paths.portal_socket(site.var), paths.logs(site.var)
    celery = [sys.executable, "-m", "celery", "--app", "llmops_portal"]
    return [
        # In a lower tier than the worker, which could start another one.
        Process(
            name="detached",
            tier=1,
            command=tethered([sys.executable, "-m", "llmops_portal.local.detached"]),
            is_ready=lambda _start: True,
            stop_within_s=20,
        ),
        Process(
            name="portal",
            tier=2,
            command=tethered(
                [
                    *(sys.executable, "-m", "uvicorn", "llmops_portal.asgi:application", "--uds", str(web)),
                    *("--lifespan", "off", "--no-access-log", "--timeout-graceful-shutdown", "5"),
                ]
            ),
            is_ready=lambda _start: readiness.http_answers("/healthz", unix=web),
        ),
        Process(
            name="gateway",
            tier=2,
            command=tethered([sys.executable, "manage.py", "gateway", "--port", str(site.port)]),
            is_ready=lambda _start: readiness.http_answers("/healthz", port=site.port),
        ),
        Process(
            name="worker",
            tier=2,
            command=tethered([*celery, "worker", "--pool", "threads", "--concurrency", "4", *CELERY_ALONE]),
            is_ready=lambda start: readiness.says(log / "worker.log", r"\bready\.", start=start),
        ),
        Process(
            name="beat",
            tier=2,
            command=tethered(
                [
                    *(*celery, "beat", "--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"),
                    *("--pidfile", "", "--loglevel", "INFO"),
                ]
            ),
            is_ready=lambda start: readiness.says(log / "beat.log", r"beat: Starting", start=start),
        ),
    ]


def setup(site: Site) -> Process:
    """Return the one that makes the large environments while people use the portal already."""
    return Process(
        name="setup",
        tier=2,
        command=tethered([sys.executable, "-m", "llmops_portal.local.environments", *site.needs_setup()]),
        is_ready=lambda _start: not site.needs_setup(),
        once=True,
    )


def mlflow(site: Site) -> Process:
    """Return the local MLflow server; it runs in an environment of its own."""
    return Process(
        name="mlflow",
        tier=1,
        command=tethered(
            [
                *(str(environments.ENVIRONMENTS["mlflow"].python), "-m", "mlflow", "server"),
                *("--host", HOST, "--port", str(site.mlflow_port), "--workers", "1"),
                *("--backend-store-uri", paths.database_url(site.var, database="mlflow").replace(":", "+psycopg:", 1)),
                *("--artifacts-destination", str(paths.mlflow_artifacts(site.var))),
            ]
        ),
        is_ready=lambda _start: readiness.http_answers("/health", port=site.mlflow_port),
    )
