"""A job's log, followed through the portal's real web server: lines arrive while the job runs, and the end is told."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings

from apps.accounts.services import create_api_key
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.program.tests.interpreter import FakeInterpreter
from apps.training import services
from apps.training.states import JobStatus
from apps.training.tests import factories
from tests.faults.running import PortalProcess, running, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SERVE = ("-m", "uvicorn", "llmops_portal.asgi:application", "--log-level", "warning", "--uds")


@pytest.fixture
def portal(tmp_path, settings):
    """The web server and this process share the folder of the jobs."""
    var = tmp_path / "var"
    var.mkdir()
    settings.WORK_DIR, settings.DETACHED_DIR = var / "work", var / "run" / "detached"
    path = tmp_path / "web.sock"
    process = PortalProcess("web", (*SERVE, str(path)), tmp_path, {"VAR": str(var), "LOG_LEVEL": "WARNING"})
    with running(process):
        wait_until(path.exists, timeout_s=60)
        yield path
    for folder in settings.WORK_DIR.glob("job-*"):
        process_host().stop(folder.name, grace_s=0)


@pytest.fixture
def program(tmp_path, settings):
    program = FakeInterpreter(tmp_path / "program", FAKE_PROGRAM)
    settings.TRAIN_PYTHON = str(program.python)
    return program


FAKE_PROGRAM = django_settings.BASE_DIR / "apps" / "training" / "tests" / "fake_program.py"


@contextmanager
def followed(path, url, token) -> Iterator[http.client.HTTPResponse]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
        connected.settimeout(30)
        connected.connect(str(path))
        connection = http.client.HTTPConnection("portal")
        connection.sock = connected
        connection.request("GET", url, headers={"Authorization": f"Bearer {token}", "Accept": "text/event-stream"})
        with connection.getresponse() as response:
            yield response


def event_of(response) -> dict[str, str]:
    """Return the next event of a stream."""
    fields: dict[str, str] = {}
    while line := response.readline().decode().rstrip("\n"):
        name, _, value = line.partition(": ")
        fields[name] = value
    return fields


def test_a_job_is_followed_to_its_end(portal, program, engineer, approver, team):
    program.ends_by("wait_for_word")
    corpus = factories.corpus(engineer, approver, team)
    job = services.submit_job(actor=engineer, team=team, spec=factories.pretrain_spec(corpus))
    token = create_api_key(actor=engineer, name="follow", scopes=["api"]).token
    factories.look_until(job, JobStatus.RUNNING)
    factories.look(job)
    log = process_host().folder(job.external_name) / "log.txt"
    wait_until(log.exists, timeout_s=10)
    with log.open("a") as lines:
        lines.write("warming up\n")

    with followed(portal, f"/llm-ops/v1/training/jobs/{job.pk}/logs?follow=1", token) as response:
        first = event_of(response)
        program.go()
        second = event_of(response)
        factories.look_until(job, JobStatus.SUCCEEDED)
        last = event_of(response)

    assert response.headers["Content-Type"] == "text/event-stream"
    assert (first["event"], first["data"]) == ("log", "warming up")
    assert (second["event"], second["data"]) == ("log", "step 2/2  loss 1")
    assert json.loads(last["data"]) == {"status": "succeeded"}
