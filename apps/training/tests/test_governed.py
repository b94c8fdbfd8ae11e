"""What governance learns of training: who may not approve, facts, lineage."""

import pytest

from apps.accounts.permissions import Role
from apps.catalog.services import approve_model_version, submit_model
from apps.governance.errors import OwnWorkError
from apps.governance.lineage import lineage_of
from apps.governance.subjects import fact_providers, people_of
from apps.training import services
from apps.training.states import JobStatus
from apps.training.tests.factories import look_until, sft_spec
from conftest import hold


@pytest.fixture
def job(engineer, team, pairs, base_model, program):
    queued = services.submit_job(actor=engineer, team=team, spec=sft_spec(pairs, base_model))
    return look_until(queued, JobStatus.SUCCEEDED)


def facts_of(model):
    return fact_providers(type(model))["training"].provide(model)


class TestPeople:
    def test_who_submitted_the_job_trained_the_model(self, job, engineer):
        assert people_of(job.output_model)[engineer.pk] == "trained"

    def test_who_trained_a_model_may_not_approve_it(self, job, engineer, manager, team):
        hold(engineer, team, Role.APPROVER)
        model = submit_model(actor=manager, model=job.output_model, reason="Ready")

        with pytest.raises(OwnWorkError, match="You trained this"):
            approve_model_version(actor=engineer, model=model, version=model.version, comment="Fine")


class TestFacts:
    def test_tell_how_a_model_was_trained(self, job, pairs, base_model):
        facts = facts_of(job.output_model)

        assert (facts["job_id"], facts["job_type"], facts["method"]) == (str(job.pk), "SFT", "lora")
        assert facts["dataset"] == {
            "id": str(pairs.pk),
            "name": "pairs",
            "version": "1",
            "digest": f"sha256:{pairs.sha256}",
            "status": "approved",
        }
        assert facts["base_model"]["digest"] == base_model.digest

    def test_are_empty_for_a_model_that_was_not_trained_here(self, base_model):
        assert facts_of(base_model) == {}


class TestLineage:
    def test_leads_from_the_dataset_through_the_job_to_the_model(self, engineer, job, pairs, base_model):
        graph = lineage_of(actor=engineer, subject=job.output_model)

        assert {(str(pairs.pk), str(job.pk), "read by"), (str(base_model.pk), str(job.pk), "tuned by")} <= {
            (str(source), str(target), verb) for source, target, verb in graph.edges
        }
        assert (job.pk, job.output_model_id, "made") in graph.edges

    def test_is_followed_down_from_the_dataset(self, engineer, job, pairs):
        graph = lineage_of(actor=engineer, subject=pairs)

        assert {"trainingjob", "modelversion"} <= {node.kind for node in graph.nodes}
