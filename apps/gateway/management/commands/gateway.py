"""`manage.py gateway`: the front door, a process of its own."""

from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand

from apps.gateway.conf import GatewaySettings
from apps.gateway.front.application import GatewayApplication
from apps.gateway.front.protocol import BoundedHttpProtocol

DRAIN_S = 30  # for calls in progress when the process is told to stop
IDLE_S = 75  # longer than load balancers keep a connection, so that they are the side that ends it


class Command(BaseCommand):
    help = "Answer calls of models, and pass everything else to the portal. One process; stops at SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")

    def handle(self, *, host: str, port: int, **_: Any) -> None:
        configured = GatewaySettings.load()
        server = uvicorn.Server(server_config(GatewayApplication(configured), configured, host=host, port=port))
        server.run()


def server_config(app: GatewayApplication, configured: GatewaySettings, *, host: str, port: int) -> uvicorn.Config:
    """Return how uvicorn runs the gateway."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=configured.trusted_proxies,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )
