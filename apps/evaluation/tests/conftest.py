from pathlib import Path

import pytest
from rest_framework.test import APIClient

from apps.catalog.tests import factories as catalog
from apps.evaluation import services
from apps.evaluation.models import EvaluationRun, ReviewCampaign
from apps.evaluation.tests import factories
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.orchestration.tests.rates import FixedRates
from apps.integrations.program.tests.interpreter import FakeInterpreter


@pytest.fixture(autouse=True)
def rates(monkeypatch):
    """What an hour of a processor costs."""
    fixed = FixedRates()
    monkeypatch.setattr("apps.integrations.orchestration.rates._providers", [fixed])
    return fixed


@pytest.fixture
def program(settings, tmp_path):
    """The fake program, and folders of the test's own; whatever still runs at the end is ended."""
    settings.WORK_DIR, settings.DETACHED_DIR = tmp_path / "work", tmp_path / "detached"
    program = FakeInterpreter(tmp_path / "program", Path(__file__).parent / "fake_program.py")
    settings.TRAIN_PYTHON = str(program.python)
    yield program
    for folder in (tmp_path / "work").glob("*"):
        process_host().stop(folder.name, grace_s=0)


@pytest.fixture
def model(manager, team, tmp_path):
    """A draft that the manager registered: neither engineer nor reviewer had a part in it."""
    return catalog.with_files(manager, team, tmp_path / "model", name="voc-classifier")


@pytest.fixture
def heldout(engineer, approver, team):
    return factories.heldout(engineer, approver, team)


@pytest.fixture
def queued(engineer, model, heldout) -> EvaluationRun:
    return services.start_run(actor=engineer, model=model, dataset=heldout)


@pytest.fixture
def run(queued, program) -> EvaluationRun:
    """A run that has succeeded."""
    return factories.done(queued)


@pytest.fixture
def campaign(engineer, run) -> ReviewCampaign:
    return services.open_campaign(actor=engineer, run=run, sample_size=3, title="Answers")


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
