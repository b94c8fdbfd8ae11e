"""The worker is killed while it launches a job and while the job runs. Then nothing is done but waiting."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

import apps.training.tests
from apps.catalog.models import ModelVersion
from apps.governance.models import AuditEvent
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.program.starting import environment_trouble
from apps.integrations.program.tests.interpreter import FakeInterpreter
from apps.training import services
from apps.training.models import TrainingJob
from apps.training.states import JobStatus
from apps.training.tests import factories
from tests.faults.running import PortalProcess, running, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CONVERGES_IN_S = 180  # a killed worker's lease lasts 45 s; then another takes the job over
TRAINS_IN_S = 240
REAL_PYTHON = Path(django_settings.BASE_DIR) / ".venv" / "train" / "bin" / "python"
FAKE_PROGRAM = Path(apps.training.tests.__path__[0]) / "fake_program.py"


class Workers:
    """One worker and the beat that sweeps, on a VAR of the test's own."""

    def __init__(self, folder: Path, settings, python: Path) -> None:
        var = folder / "var"
        var.mkdir()
        # The dataset was stored by this process, below its own VAR.
        (var / "storage").symlink_to(settings.STORAGE_DIR)
        settings.WORK_DIR, settings.DETACHED_DIR = var / "work", var / "run" / "detached"
        environment = {"VAR": str(var), "TRAIN_PYTHON": str(python), "LOG_LEVEL": "WARNING", "OMP_NUM_THREADS": "1"}
        celery = ("-m", "celery", "-A", "llmops_portal")
        schedule = ("--schedule", str(folder / "beat"), "--scheduler", "celery.beat:PersistentScheduler")
        work = (*celery, "worker", "--pool", "threads", "--concurrency", "2")
        self.worker = PortalProcess("worker", work, folder, environment)
        self.beat = PortalProcess("beat", (*celery, "beat", *schedule), folder, environment)

    def kill_and_replace(self) -> None:
        self.worker.kill()
        self.worker.start()


@pytest.fixture
def spec(engineer, approver, team):
    corpus = factories.corpus(engineer, approver, team)
    return factories.pretrain_spec(corpus, hyperparams=factories.HYPERPARAMS | {"max_seq_len": 16, "num_epochs": 3})


@pytest.fixture
def _nothing_is_left_running(settings) -> Iterator[None]:
    yield
    for folder in Path(settings.WORK_DIR).glob("job-*"):
        process_host().stop(folder.name, grace_s=0)


def status_of(job: TrainingJob) -> str:
    job.refresh_from_db()
    return job.status


def assert_one_of_everything(job: TrainingJob) -> None:
    assert job.status == JobStatus.SUCCEEDED, job.status_reason
    assert ModelVersion.objects.get() == job.output_model
    actions = AuditEvent.objects.filter(subject_id=job.pk).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["trainingjob.submit", "trainingjob.start", "trainingjob.succeed"]
    steps = list(job.metrics.filter(name="loss").values_list("step", flat=True))
    assert len(steps) == len(set(steps)) > 0


@pytest.mark.usefixtures("_nothing_is_left_running")
def test_a_job_converges_once(engineer, team, spec, settings, tmp_path):
    program = FakeInterpreter(tmp_path / "program", FAKE_PROGRAM)
    program.ends_by("wait_for_word")
    workers = Workers(tmp_path, settings, program.python)
    with running(workers.worker, workers.beat):
        job = services.submit_job(actor=engineer, team=team, spec=spec)

        wait_until(lambda: status_of(job) == JobStatus.RUNNING, timeout_s=CONVERGES_IN_S, every_s=0.002)
        workers.kill_and_replace()
        wait_until(lambda: program.starts, timeout_s=CONVERGES_IN_S, every_s=0.002)
        workers.kill_and_replace()
        program.go()

        wait_until(lambda: status_of(job) not in (JobStatus.QUEUED, JobStatus.RUNNING), timeout_s=CONVERGES_IN_S)
        assert_one_of_everything(job)
        assert program.starts == 1


@pytest.mark.train
@pytest.mark.usefixtures("_nothing_is_left_running")
def test_a_real_job_goes_on_without_its_worker_and_is_registered_by_another(engineer, team, spec, settings, tmp_path):
    settings.TRAIN_PYTHON = str(REAL_PYTHON)
    if trouble := environment_trouble():
        pytest.skip(trouble)
    workers = Workers(tmp_path, settings, REAL_PYTHON)
    with running(workers.worker, workers.beat):
        job = services.submit_job(actor=engineer, team=team, spec=spec)

        wait_until(lambda: job.metrics.exists(), timeout_s=TRAINS_IN_S)
        assert workers.worker.popen is not None
        os.killpg(workers.worker.popen.pid, signal.SIGKILL)
        wait_until((process_host().folder(job.external_name) / "result.json").exists, timeout_s=TRAINS_IN_S)
        assert status_of(job) == JobStatus.RUNNING
        workers.kill_and_replace()

        wait_until(lambda: status_of(job) != JobStatus.RUNNING, timeout_s=CONVERGES_IN_S)
        assert_one_of_everything(job)
