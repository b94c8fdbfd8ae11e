"""The portal's web process and its worker are killed in the middle of a deployment; then nothing is done but wait."""

import contextlib
import http.client
import json
import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings

from apps.accounts.services import create_api_key
from apps.catalog.tests import factories as catalog
from apps.serving.models import Endpoint, EndpointRevision, Server
from apps.serving.states import EndpointStatus
from apps.serving.tests.conftest import STAND_IN
from tests.faults.running import Client, PortalProcess, running, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CONVERGES_IN_S = 180  # a killed worker's lease lasts 45 s; then another takes the row over


class Portal:
    """Web, worker and beat on folders of the test's own, with a stand-in for the model server."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "web.sock"
        # The worker keeps its files where the other processes of this VAR would look for them.
        environment = {"VAR": str(folder / "var"), "TRAIN_PYTHON": str(self._stand_in_python()), "LOG_LEVEL": "WARNING"}
        celery = ("-m", "celery", "-A", "llmops_portal")
        self.web = PortalProcess(
            "web",
            ("-m", "uvicorn", "llmops_portal.asgi:application", "--uds", str(self.socket), "--log-level", "warning"),
            folder,
            environment,
        )
        self.worker = PortalProcess(
            "worker", (*celery, "worker", "--pool", "threads", "--concurrency", "4"), folder, environment
        )
        beat = (*celery, "beat", "--schedule", str(folder / "beat"), "--scheduler", "celery.beat:PersistentScheduler")
        self.beat = PortalProcess("beat", beat, folder, environment)

    def servers(self) -> list[int]:
        """Return the process ids of the model servers that run."""
        records = (self.folder / "var" / "run" / "detached").glob("server-*/pid")
        return [json.loads(record.read_text())["pid"] for record in records]

    def _stand_in_python(self) -> Path:
        """Return a Python that has every package and runs the stand-in for whatever module it is told to."""
        script = self.folder / "python"
        script.write_text(f'#!/bin/sh\ncase "$*" in *serve*) exec {sys.executable} {STAND_IN} serve spec.json;; esac\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return script


@pytest.fixture
def portal(tmp_path, monkeypatch):
    (tmp_path / "var").mkdir()
    made = Portal(tmp_path)
    # The models' files were stored by this process, below its own VAR.
    (tmp_path / "var" / "storage").symlink_to(settings.STORAGE_DIR)
    yield made
    for pid in made.servers():
        os.killpg(pid, 9)


@pytest.fixture
def model(engineer, approver, team, tmp_path):
    return catalog.approved(engineer, approver, team, tmp_path / "files")


@pytest.fixture
def client(engineer, portal):
    return Client(portal.socket, create_api_key(actor=engineer, name="faults", scopes=["api"]).token)


def body_of(model) -> dict[str, str]:
    return {
        "model_ref": str(model.pk),
        "owner_team": model.owner_team.slug,
        "route_name": "slow-start",
        "environment": "prod",
        "reason": "Go live",
    }


def has_converged(portal: Portal) -> bool:
    endpoint = Endpoint.objects.get()
    return endpoint.status == EndpointStatus.HEALTHY and len(portal.servers()) == 1


def assert_one_of_everything(portal: Portal) -> None:
    endpoint = Endpoint.objects.get()
    server = endpoint.servers.live().get()
    assert endpoint.address == server.address
    assert endpoint.serving_revision_id == endpoint.revision_id == EndpointRevision.objects.get().pk
    time.sleep(3)  # whoever would start a second one has had the time
    assert len(portal.servers()) == 1
    assert Server.objects.count() == 1


def test_the_worker_is_killed_while_it_deploys(portal, client, model):
    with running(portal.web, portal.worker, portal.beat):
        status, _ = client.patiently("POST", "serving/endpoints", body_of(model))
        assert status == 200

        wait_until(Server.objects.exists, timeout_s=30, every_s=0.002)
        portal.worker.kill()
        portal.worker.start()
        wait_until(portal.servers, timeout_s=CONVERGES_IN_S, every_s=0.002)
        portal.worker.kill()
        portal.worker.start()

        wait_until(lambda: has_converged(portal), timeout_s=CONVERGES_IN_S)
        assert_one_of_everything(portal)


def test_the_web_process_is_killed_while_it_answers(portal, client, model):
    with running(portal.web, portal.worker, portal.beat):
        client.patiently("GET", "serving/endpoints")
        asking = threading.Thread(target=_ask_and_lose, args=(client, model))
        asking.start()
        time.sleep(0.05)
        portal.web.kill()
        asking.join()

        portal.web.start()
        status, data = client.patiently("POST", "serving/endpoints", body_of(model), **{"Idempotency-Key": "deploy-1"})
        assert (status, data["route_name"]) == (200, "slow-start")

        wait_until(lambda: has_converged(portal), timeout_s=CONVERGES_IN_S)
        assert_one_of_everything(portal)


def _ask_and_lose(client: Client, model) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        client.call("POST", "serving/endpoints", body_of(model), **{"Idempotency-Key": "deploy-1"})
