import pytest

from apps.accounts.errors import PermissionRefusedError
from apps.core.errors import NotFoundError
from apps.datasets.services import set_dataset_status
from apps.governance.models import AuditEvent
from apps.training import services
from apps.training.errors import (
    JobBeingRetriedError,
    JobEndedError,
    JobNotEndedError,
    JobSucceededError,
    SpecInvalidError,
    SpecRulesBrokenError,
)
from apps.training.models import TrainingJob
from apps.training.states import JobStatus, Wanted
from apps.training.tests.factories import look_until, sft_spec


class TestSubmitJob:
    def test_queues_a_job_and_records_who_asked(self, engineer, queued, corpus):
        assert (queued.status, queued.wanted, queued.created_by) == (JobStatus.QUEUED, Wanted.RUN, engineer)
        assert queued.next_look_at is not None
        event = AuditEvent.objects.get(subject_id=queued.pk)
        assert (event.actor, event.action) == (engineer, "trainingjob.submit")
        assert event.after["dataset"] == str(corpus.pk)

    def test_pins_the_bytes_of_the_dataset_and_the_base_model(self, engineer, team, pairs, base_model):
        job = services.submit_job(actor=engineer, team=team, spec=sft_spec(pairs, base_model))

        assert job.spec["dataset_ref"]["storage_uri"] == pairs.storage_uri
        assert job.spec["base_model_ref"] == str(base_model.pk)
        assert (job.dataset, job.base_model) == (pairs, base_model)

    def test_chooses_the_image_itself(self, queued):
        assert queued.image == "llmops/train:1-cpu"

    @pytest.mark.parametrize("who", ["viewer", "reviewer", "approver"])
    def test_refuses_who_may_not_edit_on_the_team(self, request, who, team, spec):
        with pytest.raises(PermissionRefusedError):
            services.submit_job(actor=request.getfixturevalue(who), team=team, spec=spec)

        assert not TrainingJob.objects.exists()

    def test_hides_the_team_from_outsiders(self, outsider, team, spec):
        with pytest.raises(NotFoundError):
            services.submit_job(actor=outsider, team=team, spec=spec)

    def test_leaves_nothing_of_a_specification_that_cannot_be_read(self, engineer, team, spec):
        with pytest.raises(SpecInvalidError):
            services.submit_job(actor=engineer, team=team, spec=spec | {"hyperparams": {}})

        assert not TrainingJob.objects.exists()
        assert not AuditEvent.objects.filter(action="trainingjob.submit").exists()


class TestCancelJob:
    def test_asks_once_however_often_it_is_called(self, engineer, queued):
        for _ in range(2):
            services.cancel_job(actor=engineer, job=queued)

        queued.refresh_from_db()
        assert (queued.wanted, queued.generation) == (Wanted.CANCEL, 2)
        assert AuditEvent.objects.filter(action="trainingjob.cancel").count() == 1

    def test_refuses_a_job_that_has_ended(self, engineer, queued, program):
        program.ends_by("fail")
        job = look_until(queued, JobStatus.FAILED)

        with pytest.raises(JobEndedError, match="failed already"):
            services.cancel_job(actor=engineer, job=job)

    def test_refuses_who_may_only_look(self, viewer, queued):
        with pytest.raises(PermissionRefusedError):
            services.cancel_job(actor=viewer, job=queued)

        queued.refresh_from_db()
        assert queued.wanted == Wanted.RUN


class TestRetryJob:
    @pytest.fixture
    def failed(self, queued, program):
        program.ends_by("fail")
        return look_until(queued, JobStatus.FAILED)

    def test_submits_the_same_again(self, engineer, failed, program):
        again = services.retry_job(actor=engineer, job=failed)

        assert (again.retry_of, again.spec, again.spec_digest) == (failed, failed.spec, failed.spec_digest)
        program.ends_by("succeed")
        assert look_until(again, JobStatus.SUCCEEDED).output_model is not None

    def test_refuses_while_a_retry_is_under_way(self, engineer, failed):
        again = services.retry_job(actor=engineer, job=failed)

        with pytest.raises(JobBeingRetriedError, match=str(again.pk)):
            services.retry_job(actor=engineer, job=failed)

    def test_refuses_a_job_that_has_not_ended(self, engineer, queued):
        with pytest.raises(JobNotEndedError):
            services.retry_job(actor=engineer, job=queued)

    def test_refuses_a_job_that_succeeded(self, engineer, queued, program):
        job = look_until(queued, JobStatus.SUCCEEDED)

        with pytest.raises(JobSucceededError, match="voc-base 1"):
            services.retry_job(actor=engineer, job=job)

    def test_asks_the_rules_as_they_are_now(self, engineer, manager, failed, corpus):
        set_dataset_status(actor=manager, dataset=corpus, status="deprecated", reason="Old")

        with pytest.raises(SpecRulesBrokenError, match="approved datasets only"):
            services.retry_job(actor=engineer, job=failed)
