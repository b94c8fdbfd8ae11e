import contextlib
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from apps.catalog.tests import factories as catalog
from apps.integrations.orchestration.local import LocalProcessHost
from apps.serving import backends
from apps.serving.backends.local import LocalBackend
from apps.serving.models import Endpoint
from apps.serving.services import reconciling, redeploy
from apps.serving.tests.factories import endpoint_of, healthy

STAND_IN = Path(__file__).parent / "stand_in.py"


@pytest.fixture
def client_of():
    """Return a function from a person to an API client signed in as them."""

    def signed_in(person):
        client = APIClient()
        client.force_authenticate(person)
        return client

    return signed_in


class Machine:
    """A machine of the test's own, on which servers really run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = LocalProcessHost(folder / "work", folder / "records")
        self.trouble = ""
        self.backend = LocalBackend(
            self.host, command=(sys.executable, str(STAND_IN)), environment={}, trouble=lambda: self.trouble
        )

    def processes(self) -> list[int]:
        """Return the process ids of the servers that run."""
        records = (self.folder / "records").glob("*/pid")
        return sorted(json.loads(record.read_text())["pid"] for record in records)

    def kill_all(self, kind: int = signal.SIGKILL) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, kind)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """The local backend, with a stand-in for the model server."""
    made = Machine(tmp_path / "machine")
    monkeypatch.setitem(backends.BACKENDS, "local", lambda: made.backend)
    monkeypatch.setattr(reconciling, "DRAIN", timedelta(0))
    yield made
    made.kill_all()


@pytest.fixture
def model(engineer, approver, team, tmp_path):
    """An approved model."""
    return catalog.approved(engineer, approver, team, tmp_path / "files")


@pytest.fixture
def other_model(engineer, team, tmp_path):
    """The next version of the model, with other bytes, under review."""
    files = tmp_path / "other-files"
    made = catalog.draft(engineer, team)
    content = catalog.files_in(files, model__safetensors=catalog.safetensors(fill=7), config__json=catalog.CONFIG)
    catalog.services.add_model_files(actor=engineer, model=made, files=content)
    return catalog.services.submit_model(actor=engineer, model=made, reason="Ready")


@pytest.fixture
def endpoint(engineer, team, model):
    """An endpoint that has just been asked for."""
    return endpoint_of(engineer, team, model)


@pytest.fixture
def healthy_endpoint(machine, endpoint):
    return healthy(endpoint)


@pytest.fixture
def endpoint_with_two(engineer, endpoint):
    """An endpoint that answers by its first revision and wants its second; nothing runs."""
    Endpoint.objects.filter(pk=endpoint.pk).update(serving_revision=endpoint.revision)
    return redeploy(actor=engineer, endpoint=endpoint)
