"""`manage.py gateway` as it really runs: a process, the database that it listens to, a model server, and the worker."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from apps.accounts.services import create_api_key, revoke_api_key
from apps.costs.models import DailySpend
from apps.costs.tests.factories import budget, price
from apps.gateway.tests.factories import stored_endpoint
from apps.telemetry.models import RequestEvent
from apps.telemetry.services import ship_spool

BODY = {"model": "assistant", "messages": [{"role": "user", "content": "Where is my refund?"}]}


class GatewayProcess:
    """A gateway of the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        self.log = (self.folder / "gateway.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "gateway", "--port", str(self.port)],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": database, "TRACE_DIR": str(self.spool)},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        wait_for(lambda: self.call("GET", "/healthz")[0] == 200, "it answers", seconds=60)

    def stop(self, kind: int = signal.SIGTERM) -> int:
        self.process.send_signal(kind)
        code = self.process.wait(30)
        self.log.close()
        return code

    def call(
        self, method: str, path: str, body: object = None, token: str = "", forwarded_for: str = ""
    ) -> tuple[int, dict]:
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(caller):
            try:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                if forwarded_for:
                    headers["X-Forwarded-For"] = forwarded_for
                caller.request(method, path, json.dumps(body) if body else None, headers)
                answer = caller.getresponse()
                return answer.status, json.loads(answer.read())
            except ConnectionRefusedError:
                return 0, {}

    def chat(self, token: str) -> int:
        return self.call("POST", "/v1/chat/completions", BODY, token)[0]


def wait_for(holds, what: str, *, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.fixture
def process(tmp_path):
    started = GatewayProcess(tmp_path)
    yield started
    if started.process.poll() is None:
        started.stop()


@pytest.mark.django_db(transaction=True)
class TestGatewayProcess:
    @pytest.fixture
    def endpoint(self, engineer, approver, team, upstream, tmp_path):
        """A route to the model server, at 1 US dollar per 1,000 tokens, and 2 dollars to spend."""
        price("prompt_tokens", "1000")
        price("completion_tokens", "1000")
        budget(team, "2.00")
        return stored_endpoint(engineer, approver, team, tmp_path / "files", address=upstream.address)

    def test_serves_records_is_paid_and_forgets_nothing(self, process, endpoint, engineer, tmp_path):
        made = create_api_key(actor=engineer, name="app", scopes=["inference"])
        wait_for(lambda: process.chat(made.token) == 200, "the gateway has heard of key and route")

        # Killed at once after an answer, it has lost nothing of it; and what was not booked yet is still counted.
        assert process.stop(signal.SIGKILL) == -signal.SIGKILL
        process.start()
        wait_for(lambda: process.call("GET", "/readyz")[0] == 200, "it is ready again")
        answered = 1
        while process.chat(made.token) == 200:
            answered += 1
            assert answered < 100
        spent = answered * Decimal("0.027")
        assert spent <= 2 < spent + Decimal("1.5")

        # What the worker does every two seconds: each request is one row and one entry, whoever was killed.
        ship_spool(process.spool)
        ship_spool(process.spool)
        assert RequestEvent.objects.filter(outcome="ok").count() == answered
        assert sum(DailySpend.objects.values_list("usd", flat=True)) == spent

        # A key that is bound to networks opens from there alone; a trusted proxy, here loopback, says who calls.
        bound = create_api_key(actor=engineer, name="bound", scopes=["inference"], networks=["203.0.113.0/24"])
        models = partial(process.call, "GET", "/v1/models", token=bound.token)
        wait_for(lambda: models(forwarded_for="203.0.113.9")[0] == 200, "the gateway has heard of the bound key")
        assert [models(forwarded_for=told)[0] for told in ("198.51.100.1", "")] == [403, 403]

        revoke_api_key(actor=engineer, key=made.record)
        wait_for(lambda: process.chat(made.token) == 401, "the revoked key opens nothing", seconds=5)

        # Told to stop, it ends by itself and leaves files that can be removed.
        assert process.stop() in (0, -signal.SIGTERM)  # uvicorn ends by the signal once it has cleaned up
        assert b"Application shutdown complete" in (tmp_path / "gateway.log").read_bytes()
        ship_spool(process.spool)
        assert list(process.spool.glob("requests-*.jsonl")) == []
