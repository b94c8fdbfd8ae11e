"""A job from queued to its end, with real detached processes, and whatever is killed or refused on the way."""

import os
import signal
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from apps.catalog.models import ModelVersion
from apps.core.errors import UnavailableError
from apps.core.reconcile import GIVE_UP_AFTER, LEASE_S, reconcile
from apps.datasets.services import set_dataset_status
from apps.governance.models import AuditEvent
from apps.integrations.orchestration import keeper
from apps.integrations.orchestration.base import ProcessState
from apps.integrations.orchestration.hosts import process_host
from apps.integrations.orchestration.tests.contract import wait_until
from apps.integrations.tracking.base import TrackedRun, TrackingUnavailableError
from apps.training import services, signals
from apps.training.models import JobEvent, JobMetric, TrainingJob
from apps.training.services import finishing, progress, reconciling
from apps.training.states import JobStatus
from apps.training.tests.factories import look, look_until, pretrain_spec, sft_spec
from conftest import lose

pytestmark = pytest.mark.usefixtures("program")


def actions(job):
    return list(AuditEvent.objects.filter(subject_id=job.pk).order_by("pk").values_list("action", flat=True))


def running(job):
    """Walk to a job whose program has begun its work."""
    look_until(job, JobStatus.RUNNING)
    look(job)
    wait_until(lambda: process_host().log_tail(job.external_name, 1) == "ready")
    return look(job)


class Killed(BaseException):
    """Stands for `kill -9` at a point: nothing after it runs."""


class TestGivingUp:
    @pytest.fixture
    def stuck(self, queued, program, monkeypatch):
        """A running job of which no step succeeds."""
        program.ends_by("wait")
        job = running(queued)

        def fail(*_):
            raise KeyError("values")

        monkeypatch.setattr(reconciling, "take_over_events", fail)
        TrainingJob.objects.filter(pk=job.pk).update(look_failures=GIVE_UP_AFTER - 1)
        return job

    def test_ends_the_job_with_the_reason_and_stops_its_process(self, stuck):
        with pytest.raises(KeyError):
            look(stuck)

        stuck.refresh_from_db()
        assert stuck.status == JobStatus.FAILED
        assert "KeyError: 'values'" in stuck.status_reason
        assert actions(stuck)[-1] == "trainingjob.fail"
        wait_until(lambda: process_host().observe(stuck.external_name).state == ProcessState.EXITED)

    def test_leaves_an_end_as_it_is(self, queued):
        job = look_until(queued, JobStatus.SUCCEEDED)

        services.give_up(job, "Too late.")

        job.refresh_from_db()
        assert job.status == JobStatus.SUCCEEDED


class TestSuccess:
    def test_registers_the_next_version_of_the_named_model_as_a_draft(self, queued, corpus):
        job = look_until(queued, JobStatus.SUCCEEDED)

        model = job.output_model
        assert (model.name, model.version, model.type, model.status) == ("voc-base", "1", "base", "draft")
        assert model.facts["max_position_embeddings"] == 512
        assert sorted(model.files.values_list("path", flat=True)) == ["config.json", "model.safetensors"]
        assert str(corpus) in model.card
        assert str(job.pk) in model.card

    def test_takes_over_timeline_curves_and_facts(self, queued):
        job = look_until(queued, JobStatus.SUCCEEDED)

        assert list(job.metrics.values_list("step", "value")) == [(1, 2.0), (2, 1.0)]
        kinds = list(job.events.order_by("id").values_list("kind", flat=True))
        assert kinds == ["submitted", "running", "phase", "warning", "succeeded"]
        assert job.facts == {"train_loss": 1.0, "steps": 2, "peak_rss_bytes": 1000}
        assert job.progress == {"phase": "training", "step": 2, "total_steps": 2, "loss": 1.0}

    def test_costs_hours_at_the_rate_of_its_start(self, queued, rates):
        job = look_until(queued, JobStatus.RUNNING)
        rates.usd = Decimal(7200)

        job = look_until(job, JobStatus.SUCCEEDED)

        seconds = (job.finished_at - job.started_at).total_seconds()
        assert (job.hour_usd, rates.asked) == (3600, [(False, ["voc-base"])])
        assert job.cost_usd == pytest.approx(Decimal(str(seconds)), abs=Decimal("0.00001"))

    def test_is_announced_and_audited_once(self, queued):
        announced = []
        signals.job_finished.connect(receiver := lambda job, **_: announced.append((job.pk, job.status)))

        job = look_until(queued, JobStatus.SUCCEEDED)
        for _ in range(3):
            look(job)

        signals.job_finished.disconnect(receiver)
        assert announced == [(job.pk, "succeeded")]
        assert actions(job) == ["trainingjob.submit", "trainingjob.start", "trainingjob.succeed"]
        assert job.next_look_at is None

    def test_of_a_fine_tuning_names_its_base(self, engineer, team, pairs, base_model):
        job = services.submit_job(actor=engineer, team=team, spec=sft_spec(pairs, base_model))

        model = look_until(job, JobStatus.SUCCEEDED).output_model

        assert (model.type, model.base_model, model.license) == ("fine_tuned", base_model, "Apache-2.0")

    def test_lays_base_model_and_dataset_where_the_specification_says(self, engineer, team, pairs, base_model, program):
        program.ends_by("wait")
        job = running(services.submit_job(actor=engineer, team=team, spec=sft_spec(pairs, base_model)))

        inputs = process_host().folder(job.external_name) / "inputs"

        assert sorted(path.relative_to(inputs).as_posix() for path in inputs.rglob("*") if path.is_file()) == [
            "base/config.json",
            "base/model.safetensors",
            "base/tokenizer.json",
            "dataset.jsonl",
        ]

    def test_of_a_second_job_is_the_next_version(self, engineer, team, spec, queued):
        look_until(queued, JobStatus.SUCCEEDED)
        again = services.submit_job(actor=engineer, team=team, spec=spec)

        assert look_until(again, JobStatus.SUCCEEDED).output_model.version == "2"

    def test_keeps_the_log_and_removes_what_is_stored_elsewhere(self, queued):
        job = look_until(queued, JobStatus.SUCCEEDED)
        look(job)

        folder = process_host().folder(job.external_name)
        assert not (folder / "output").exists()
        assert not (folder / "inputs").exists()
        assert process_host().log_tail(job.external_name, 1) == "step 2/2  loss 1"


class TestFailure:
    @pytest.mark.parametrize(
        ("ending", "reason"),
        [
            ("fail", "The loss is no longer a number."),
            ("crash", "exit code 3"),
            ("run_out_of_memory", "out of memory"),
            ("damage", "'model.safetensors' has other bytes"),
            ("smuggle", "could not be registered"),
        ],
    )
    def test_says_why_and_leaves_no_model(self, queued, program, ending, reason):
        program.ends_by(ending)

        job = look_until(queued, JobStatus.FAILED)

        assert reason in job.status_reason
        assert job.output_model is None
        assert not ModelVersion.objects.exists()
        assert actions(job)[-1] == "trainingjob.fail"

    def test_keeps_the_last_lines_of_the_log(self, queued, program):
        program.ends_by("fail")

        assert look_until(queued, JobStatus.FAILED).log_tail == "the last line"

    def test_of_a_program_that_cannot_be_started(self, queued, program, monkeypatch):
        monkeypatch.setattr(reconciling, "environment_trouble", lambda: "")
        program.uninstall()

        job = look_until(queued, JobStatus.FAILED)

        assert "could not be started" in job.status_reason

    def test_a_job_stopped_from_outside_has_failed(self, queued, program):
        program.ends_by("wait")
        job = running(queued)

        process_host().stop(job.external_name)

        assert "stopped from outside" in look_until(job, JobStatus.FAILED).status_reason

    def test_a_job_whose_process_vanished_is_lost(self, queued, program):
        program.ends_by("wait")
        job = running(queued)
        inner = process_host().folder(job.external_name) / keeper.INNER
        child = keeper.read_json(inner / keeper.STARTED)["pid"]
        with open(f"/proc/{child}/stat", encoding="utf-8") as stat:  # noqa: PTH123
            keeping = int(stat.read().rpartition(")")[2].split()[1])

        os.kill(keeping, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)

        job = look_until(job, JobStatus.LOST)
        assert "nobody saw how it ended" in job.status_reason
        assert actions(job)[-1] == "trainingjob.lose"


class TestQueue:
    def test_a_job_waits_for_a_slot_and_says_behind_what(self, engineer, team, spec, queued, program):
        program.ends_by("wait")
        running(queued)
        second = services.submit_job(actor=engineer, team=team, spec=spec)
        third = services.submit_job(actor=engineer, team=team, spec=spec)

        look(second)
        look(third)

        assert second.status == third.status == JobStatus.QUEUED
        assert second.status_reason == "It waits for a free slot; 1 of 1 jobs run now."
        assert third.status_reason == "It waits for a free slot; 1 of 1 jobs run now. 1 wait before it."

    def test_first_come_first_served(self, engineer, team, spec, queued):
        second = services.submit_job(actor=engineer, team=team, spec=spec)

        assert look(second).status == JobStatus.QUEUED
        assert look(queued).status == JobStatus.RUNNING

    def test_more_slots_take_more_jobs(self, engineer, team, spec, queued, settings):
        second = services.submit_job(actor=engineer, team=team, spec=spec)
        settings.LOCAL_JOB_SLOTS = 2

        assert look(second).status == JobStatus.RUNNING
        assert look(queued).status == JobStatus.RUNNING

    def test_a_job_waits_for_the_training_environment(self, queued, program):
        program.uninstall()
        look(queued)
        assert "is not installed yet" in queued.status_reason

        program.install()

        assert look_until(queued, JobStatus.SUCCEEDED).status_reason == ""

    def test_waiting_is_noted_once(self, queued, program):
        program.uninstall()

        for _ in range(3):
            look(queued)

        assert queued.events.filter(kind="waiting").count() == 1

    def test_a_dataset_that_is_no_longer_approved_is_not_trained_on(self, queued, corpus, manager, program):
        set_dataset_status(actor=manager, dataset=corpus, status="deprecated", reason="Old")

        job = look_until(queued, JobStatus.FAILED)

        assert "no longer is" in job.status_reason
        assert program.starts == 0


@pytest.mark.django_db(transaction=True)
def test_of_jobs_that_are_looked_at_at_once_one_gets_the_slot(engineer, team, spec):
    jobs = [services.submit_job(actor=engineer, team=team, spec=spec) for _ in range(4)]
    together = threading.Barrier(len(jobs))

    def start(job):
        together.wait()
        reconcile(TrainingJob, job.pk, services.step)
        connection.close()

    threads = [threading.Thread(target=start, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(TrainingJob.objects.order_by("id").values_list("status", flat=True)) == ["running", *["queued"] * 3]


class TestCancel:
    def test_a_queued_job_never_starts(self, engineer, queued, program):
        services.cancel_job(actor=engineer, job=queued)

        job = look_until(queued, JobStatus.CANCELLED)

        assert program.starts == 0
        assert job.cost_usd == 0

    def test_a_running_job_is_stopped(self, engineer, queued, program):
        program.ends_by("wait")
        job = running(queued)

        services.cancel_job(actor=engineer, job=job)

        job = look_until(job, JobStatus.CANCELLED)
        assert process_host().observe(job.external_name).state == ProcessState.EXITED
        assert job.cost_usd > 0
        assert actions(job)[-2:] == ["trainingjob.cancel", "trainingjob.end_cancelled"]

    def test_a_job_that_ended_just_before_it_was_cancelled_leaves_no_model(self, engineer, queued):
        look_until(queued, JobStatus.RUNNING)
        look(queued)
        wait_until(lambda: process_host().observe(queued.external_name).state == ProcessState.EXITED)

        services.cancel_job(actor=engineer, job=queued)

        look_until(queued, JobStatus.CANCELLED)
        assert not ModelVersion.objects.exists()


class TestKilledBetweenLines:
    """The worker dies at a point; its lease runs out; another takes the job up and it converges, once."""

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            (reconciling, "move"),
            (reconciling, "materialise_dataset"),
            (reconciling, "program_process"),
            (reconciling, "take_over_events"),
            (finishing, "outcome_of"),
            (finishing, "verified_output"),
            (finishing, "create_model"),
            (finishing, "add_model_files"),
            (finishing, "cost_usd"),
            (reconciling, "tidy"),
        ],
    )
    def test_before(self, queued, program, monkeypatch, module, name):
        self.check(queued, program, monkeypatch, module, name, runs_first=False)

    @pytest.mark.parametrize(
        ("module", "name"),
        [(reconciling, "materialise_dataset"), (finishing, "add_model_files"), (reconciling, "tidy")],
    )
    def test_after(self, queued, program, monkeypatch, module, name):
        self.check(queued, program, monkeypatch, module, name, runs_first=True)

    def test_after_the_launch(self, queued, program, monkeypatch):
        host = process_host()
        monkeypatch.setattr(reconciling, "process_host", lambda: DyingHost(host, monkeypatch))
        self.check(queued, program, monkeypatch, None, "")

    def check(self, job, program, monkeypatch, module, name, *, runs_first=False):
        program.ends_by("wait_for_word")
        if module is not None:
            real = getattr(module, name)

            def die(*args, **kwargs):
                monkeypatch.setattr(module, name, real)
                if runs_first:
                    real(*args, **kwargs)
                raise Killed

            monkeypatch.setattr(module, name, die)
        died = False
        for _ in range(400):
            try:
                look(job)
            except Killed:
                died = True
                self.lease_runs_out(job)
            if job.status == JobStatus.RUNNING and program.starts:
                program.go()
            if job.is_final and job.next_look_at is None:
                break

        assert died
        assert (job.status, program.starts) == (JobStatus.SUCCEEDED, 1)
        assert ModelVersion.objects.count() == 1
        assert actions(job) == ["trainingjob.submit", "trainingjob.start", "trainingjob.succeed"]
        assert list(job.metrics.values_list("step", flat=True)) == [1, 2]
        assert job.events.filter(kind="phase").count() == 2  # one before the word, one after

    @staticmethod
    def lease_runs_out(job):
        past = timezone.now() - timedelta(seconds=LEASE_S)
        TrainingJob.objects.filter(pk=job.pk).update(lease_until=past, next_look_at=past)


class DyingHost:
    """A host after whose first launch the worker dies."""

    def __init__(self, host, monkeypatch):
        self.host, self.monkeypatch = host, monkeypatch

    def __getattr__(self, name):
        return getattr(self.host, name)

    def launch(self, spec):
        self.host.launch(spec)
        self.monkeypatch.setattr(reconciling, "process_host", lambda: self.host)
        raise Killed


class TestLease:
    def test_who_has_lost_it_writes_nothing(self, queued, monkeypatch):
        look_until(queued, JobStatus.RUNNING)
        look(queued)
        wait_until(lambda: process_host().observe(queued.external_name).state == ProcessState.EXITED)
        real = finishing.verified_output

        def slow(folder, **_):
            # Meanwhile the lease ran out and somebody else finished the job.
            monkeypatch.setattr(finishing, "verified_output", real)
            TestKilledBetweenLines.lease_runs_out(queued)
            look(queued)
            return real(folder)

        monkeypatch.setattr(finishing, "verified_output", slow)
        job = look(queued)

        assert job.status == JobStatus.SUCCEEDED
        assert ModelVersion.objects.count() == 1
        assert actions(job).count("trainingjob.succeed") == 1


class TestTrouble:
    def test_a_storage_that_is_away_for_a_while_delays_the_job(self, queued, monkeypatch):
        real = reconciling.materialise_dataset

        def away(*_, **__):
            monkeypatch.setattr(reconciling, "materialise_dataset", real)
            raise UnavailableError("The storage does not answer.")

        monkeypatch.setattr(reconciling, "materialise_dataset", away)
        look_until(queued, JobStatus.RUNNING)
        look(queued)
        assert queued.trouble == "The storage does not answer."

        job = look_until(queued, JobStatus.SUCCEEDED)
        assert job.trouble == ""

    def test_an_event_that_cannot_be_read_is_passed_over(self, queued, program):
        program.ends_by("wait")
        job = running(queued)
        with (process_host().folder(job.external_name) / "events.jsonl").open("a") as events:
            events.write('{"torn{"kind": "phase"}\n')

        look(job)

        assert "could not be read" in job.events.get(kind="log").message


class TestTracker:
    class Tracker:
        def __init__(self, answer):
            self.answer, self.asked = answer, []

        def find_run(self, **asked):
            self.asked.append(asked)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    def test_the_run_is_found_by_the_jobs_id(self, queued, monkeypatch):
        tracker = self.Tracker(TrackedRun("abc", "http://mlflow/abc"))
        monkeypatch.setattr(progress, "tracker", lambda: tracker)

        job = look_until(queued, JobStatus.SUCCEEDED)

        assert (job.mlflow_run_id, job.tracking_page) == ("abc", "http://mlflow/abc")
        assert tracker.asked == [{"experiment": "voc/voc-base", "job_id": str(job.pk)}]

    def test_one_that_is_away_is_named_and_changes_nothing_else(self, queued, monkeypatch):
        away = self.Tracker(TrackingUnavailableError(address="http://mlflow", why="refused"))
        monkeypatch.setattr(progress, "tracker", lambda: away)

        job = look_until(queued, JobStatus.SUCCEEDED)

        assert job.tracking_trouble == "The experiment tracker at http://mlflow does not answer: refused."


class TestRegistering:
    def test_does_not_need_the_submitter_to_be_on_the_team_still(self, queued, engineer):
        look_until(queued, JobStatus.RUNNING)
        lose(user=engineer)

        assert look_until(queued, JobStatus.SUCCEEDED).output_model.created_by.username == "portal"

    def test_a_name_that_another_kind_of_model_bears_is_the_next_version_all_the_same(self, engineer, team, corpus):
        spec = pretrain_spec(corpus, output={"artifact_name": "shared"})
        first = look_until(services.submit_job(actor=engineer, team=team, spec=spec), JobStatus.SUCCEEDED)
        second = look_until(services.submit_job(actor=engineer, team=team, spec=spec), JobStatus.SUCCEEDED)

        assert [first.output_model.version, second.output_model.version] == ["1", "2"]


class TestRows:
    def test_metrics_and_events_name_themselves(self, queued):
        look_until(queued, JobStatus.SUCCEEDED)

        assert str(JobMetric.objects.first()) == "loss@1=2.0"
        assert str(JobEvent.objects.filter(kind="phase").first()) == "phase: training"
