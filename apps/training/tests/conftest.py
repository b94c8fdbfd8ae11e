from pathlib import Path

import pytest
from rest_framework.test import APIClient

from apps.integrations.orchestration.hosts import process_host
from apps.integrations.orchestration.tests.rates import FixedRates
from apps.integrations.program.tests.interpreter import FakeInterpreter
from apps.training import services
from apps.training.models import TrainingJob
from apps.training.tests import factories


@pytest.fixture(autouse=True)
def rates(monkeypatch):
    """What an hour of a processor costs."""
    fixed = FixedRates()
    monkeypatch.setattr("apps.integrations.orchestration.rates._providers", [fixed])
    return fixed


@pytest.fixture
def program(settings, tmp_path):
    """The fake training program, and folders of the test's own; whatever still runs at the end is ended."""
    settings.WORK_DIR, settings.DETACHED_DIR = tmp_path / "work", tmp_path / "detached"
    program = FakeInterpreter(tmp_path / "program", Path(__file__).parent / "fake_program.py")
    settings.TRAIN_PYTHON = str(program.python)
    yield program
    for folder in (tmp_path / "work").glob("*"):
        process_host().stop(folder.name, grace_s=0)


@pytest.fixture
def corpus(engineer, approver, team):
    return factories.corpus(engineer, approver, team)


@pytest.fixture
def pairs(engineer, approver, team):
    return factories.pairs(engineer, approver, team)


@pytest.fixture
def base_model(engineer, approver, team, tmp_path):
    return factories.base_model(engineer, approver, team, tmp_path / "base")


@pytest.fixture
def spec(corpus):
    return factories.pretrain_spec(corpus)


@pytest.fixture
def queued(engineer, team, spec) -> TrainingJob:
    return services.submit_job(actor=engineer, team=team, spec=spec)


@pytest.fixture
def client_of():
    """Return a function from a person to an API client signed in as them."""

    def signed_in(person):
        client = APIClient()
        client.force_authenticate(person)
        return client

    return signed_in


@pytest.fixture
def api(client_of, engineer):
    return client_of(engineer)
