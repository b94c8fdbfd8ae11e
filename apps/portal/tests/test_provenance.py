"""The provenance of one answer: every step by id and digest, and what is missing said by name."""

import re

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from apps.accounts.permissions import Role
from apps.catalog.models import ModelVersion
from apps.core.canonical import digest_of
from apps.core.ids import new_id
from apps.evaluation.models import EvaluationRun
from apps.evaluation.services import start_run
from apps.evaluation.tests.factories import heldout
from apps.gateway.tests.factories import stored_endpoint
from apps.governance.models import ApprovalRequest, AuditEvent
from apps.governance.services import approve_request
from apps.integrations.orchestration.hosts import process_host
from apps.portal.provenance import provenance_of
from apps.portal.tests.factories import walked
from apps.portal.web.trace import summary_of
from apps.prompts.tests.factories import prompt_version
from apps.serving.models import EndpointRevision
from apps.serving.tests.factories import endpoint_of, production_by_two
from conftest import by_hand, member

pytestmark = pytest.mark.django_db
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
UNKNOWN = "01900000-0000-7000-8000-000000000000"


def api_path(event) -> str:
    return f"/llm-ops/v1/serve/requests/{event.id}/provenance"


def page_path(event) -> str:
    return reverse("portal:provenance", args=[event.id])


@pytest.fixture
def way(settings, engineer, reviewer, approver, team, tmp_path):
    settings.WORK_DIR, settings.DETACHED_DIR = tmp_path / "work", tmp_path / "detached"
    yield walked(engineer=engineer, reviewer=reviewer, approver=approver, team=team, folder=tmp_path, settings=settings)
    for folder in (tmp_path / "work").glob("*"):
        process_host().stop(folder.name, grace_s=0)


@pytest.fixture
def endpoint(engineer, approver, team, tmp_path):
    """An endpoint whose model was brought along, not trained here."""
    return stored_endpoint(engineer, approver, team, tmp_path / "files")


class TestTheWholeWay:
    @pytest.fixture
    def chain(self, way, answered, client_of, viewer):
        event = answered(way.endpoint)
        return client_of(viewer).get(api_path(event)).json()["data"]

    def test_is_complete_and_names_every_object_by_id_and_digest(self, chain, way, approver):
        steps = {step["id"]: step for step in chain["steps"]}
        approvals = ApprovalRequest.objects.filter(subject_id__in=[way.model.pk, way.base.pk, way.pairs.pk])

        assert (chain["missing"], chain["complete"]) == ([], True)
        digests = {
            str(way.endpoint.revision_id): way.endpoint.revision.digest,
            str(way.model.pk): way.model.digest,
            str(way.base.pk): way.base.digest,
            str(way.job.pk): way.job.spec_digest,
            str(way.pairs.pk): f"sha256:{way.pairs.sha256}",
            str(way.heldout.pk): f"sha256:{way.heldout.sha256}",
            str(way.run.pk): digest_of(way.run.results),
            **{str(approval.pk): approval.digest for approval in approvals},
        }
        assert {each: steps[each]["digest"] for each in digests} == digests
        without = [step["kind"] for step in chain["steps"] if not DIGEST.fullmatch(step["digest"])]
        assert without == ["answer"]

    def test_tells_of_each_step_how_it_was_reached(self, chain, way):
        came_from = {step["id"]: (step["because"], step["reached_from"]) for step in chain["steps"]}

        model = f"model_version:{way.model.pk}"
        assert came_from[chain["request_id"]] == ("", "")
        assert came_from[str(way.endpoint.revision_id)] == ("was answered by", f"answer:{chain['request_id']}")
        assert came_from[str(way.model.pk)] == ("serves", f"endpoint_revision:{way.endpoint.revision_id}")
        assert came_from[str(way.job.pk)] == ("was trained by", model)
        assert came_from[str(way.base.pk)] == ("was tuned from", f"training_job:{way.job.pk}")
        assert came_from[str(way.pairs.pk)] == ("was trained on", f"training_job:{way.job.pk}")
        assert came_from[str(way.run.pk)] == ("was evaluated in", model)
        assert came_from[str(way.campaign.pk)] == ("was reviewed in", f"evaluation_run:{way.run.pk}")

    def test_names_files_people_and_figures(self, chain, way):
        facts = {step["id"]: step["facts"] for step in chain["steps"]}
        approval = ApprovalRequest.objects.get(subject_id=way.model.pk)

        files = {file["path"]: file["sha256"] for file in facts[str(way.model.pk)]["files"]}
        assert files == dict(way.model.files.values_list("path", "sha256"))
        assert facts[str(way.run.pk)]["results"] == way.run.results
        assert facts[str(way.campaign.pk)] == {"reviewed": 2, "acceptable": 1, "reviewers": ["reviewer"]}
        assert facts[str(approval.pk)]["asked_by"] == "engineer"
        assert facts[str(approval.pk)]["approved_by"] == ["approver"]

    def test_proves_steps_by_audit_events(self, chain, way):
        proofs = {step["id"]: step["proofs"] for step in chain["steps"]}[str(way.model.pk)]

        events = AuditEvent.objects.filter(subject_id=way.model.pk).order_by("pk")
        assert [(proof["event_id"], proof["digest"]) for proof in proofs] == [
            (str(event.pk), event.digest) for event in events
        ]
        assert proofs[-1]["action"] == "modelversion.approve"

    def test_can_be_checked_by_its_own_digest(self, chain):
        document = {name: value for name, value in chain.items() if name != "digest"}

        assert chain["digest"] == digest_of(document)

    def test_is_shown_on_a_page_with_links_to_every_step(self, way, answered, page_of, viewer):
        answer = page_of(viewer, page_path(answered(way.endpoint)))

        assert "The chain is whole" in answer.text
        for thing in (way.model, way.base, way.job, way.run, way.pairs, way.heldout, way.endpoint):
            assert f'href="{thing.get_absolute_url()}"' in answer.text
        assert way.model.digest in answer.text


class TestApprovedDeployment:
    def test_names_who_approved_it_and_what_was_asked_for(self, endpoint, answered, viewer, engineer, team):
        production_by_two(member(team, "policy-author", Role.ENGINEER), team)
        model = endpoint.revision.model_version
        waiting = endpoint_of(engineer, team, model, route_name="live", environment="prod", reason="Go live")
        approve_request(actor=member(team, "decider", Role.APPROVER), request=waiting.waits_for)

        chain = provenance_of(actor=viewer, event=answered(waiting))

        revision = f"endpoint_revision:{waiting.revision_id}"
        (approval,) = [step for step in chain.steps if step.kind == "approval" and step.reached_from == revision]
        assert (approval.id, approval.digest) == (str(waiting.waits_for.pk), waiting.waits_for.digest)
        assert approval.facts == {"asked_by": "engineer", "approved_by": ["decider"], "reason": "Go live"}
        decisions = [step for step in chain.steps if step.reached_from == approval.key]
        assert [step.label for step in decisions] == ["production-by-two"]
        assert chain.missing == []
        assert summary_of(chain).approved_by == ["approver"], "of the model, as before"


class TestPrompt:
    def test_is_the_one_that_the_call_was_recorded_with(self, endpoint, answered, client_of, viewer, engineer, team):
        prompt = prompt_version(engineer, team)

        steps = client_of(viewer).get(api_path(answered(endpoint, prompt_version_id=prompt.pk))).json()["data"]["steps"]

        (step,) = [step for step in steps if step["kind"] == "prompt_version"]
        assert (step["id"], step["digest"], step["label"]) == (str(prompt.pk), prompt.digest, "classify v1")

    def test_is_none_where_the_call_went_without(self, engineer, approver, team, tmp_path, answered, viewer):
        """Embeddings go round the prompt that a revision pins."""
        pinned = prompt_version(engineer, team)
        endpoint = stored_endpoint(engineer, approver, team, tmp_path / "files", prompt_version=pinned)

        chain = provenance_of(actor=viewer, event=answered(endpoint))

        assert "prompt_version" not in {step.kind for step in chain.steps}


def swap_the_files(endpoint) -> None:
    ModelVersion.objects.filter(pk=endpoint.revision.model_version_id).update(digest="sha256:other")


def forget_the_approval(endpoint) -> None:
    ApprovalRequest.objects.update(status="withdrawn")


def forget_the_training(endpoint) -> None:
    ModelVersion.objects.filter(pk=endpoint.revision.model_version_id).update(type="fine_tuned")


class TestMissingLink:
    @pytest.mark.parametrize(
        ("lose", "gap"),
        [
            (swap_the_files, "The files of voc-classifier 1 are no longer those that were deployed."),
            (forget_the_approval, "Who approved voc-classifier 1 is not known."),
            (forget_the_training, "How voc-classifier 1 was trained is not known."),
        ],
    )
    def test_is_named(self, endpoint, answered, client_of, page_of, viewer, *, lose, gap):
        event = answered(endpoint)
        lose(endpoint)

        data = client_of(viewer).get(api_path(event)).json()["data"]

        assert (data["missing"], data["complete"]) == ([gap], False)
        assert gap in page_of(viewer, page_path(event)).text

    @pytest.mark.parametrize(
        ("given", "gap"),
        [
            ({"revision_id": None}, "The endpoint revision that answered is not known."),
            ({"revision_id": new_id()}, "The endpoint revision that answered is not known."),
            ({"prompt_version_id": UNKNOWN}, f"The prompt version {UNKNOWN} is gone."),
        ],
    )
    def test_of_the_record_is_named(self, endpoint, answered, client_of, viewer, *, given, gap):
        data = client_of(viewer).get(api_path(answered(endpoint, **given))).json()["data"]

        assert data["missing"] == [gap]
        assert data["steps"][0]["kind"] == "answer"

    def test_of_a_revision_is_named(self, endpoint, answered, viewer):
        fields = {field.attname: getattr(endpoint.revision, field.attname) for field in EndpointRevision._meta.fields}
        with by_hand():
            undecided = EndpointRevision.objects.create(
                **fields | {"id": new_id(), "number": 2, "decision_id": UNKNOWN}
            )

        chain = provenance_of(actor=viewer, event=answered(endpoint, revision_id=undecided.pk))

        assert chain.missing == [f"The policy decision {UNKNOWN} is gone."]

    def test_is_none_where_nothing_was_lost(self, endpoint, answered, viewer):
        assert provenance_of(actor=viewer, event=answered(endpoint)).missing == []


WHO_MAY = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200, "superuser": 200}


class TestWhoMay:
    @pytest.mark.parametrize(("who", "status"), WHO_MAY.items())
    def test_see_it_is_who_may_see_the_request(self, endpoint, answered, client_of, page_of, request, *, who, status):
        event, person = answered(endpoint), request.getfixturevalue(who)

        assert client_of(person).get(api_path(event)).status_code == status
        assert page_of(person, page_path(event)).status_code == status

    def test_whoever_called_sees_the_chain_but_no_way_into_what_is_not_theirs(
        self, endpoint, answered, client_of, page_of, outsider
    ):
        event = answered(endpoint, user_id=outsider.pk)

        steps = client_of(outsider).get(api_path(event)).json()["data"]["steps"]

        assert {step["kind"] for step in steps} >= {"endpoint_revision", "model_version"}
        assert [step["kind"] for step in steps if step["page"]] == ["answer"]
        assert endpoint.get_absolute_url() not in page_of(outsider, page_path(event)).text

    def test_no_stranger(self, endpoint, answered, client):
        event = answered(endpoint)

        assert APIClient().get(api_path(event)).status_code == 401
        assert client.get(page_path(event)).status_code == 302

    def test_find_nothing_behind_a_request_that_never_was(self, client_of, page_of, viewer):
        assert client_of(viewer).get(f"/llm-ops/v1/serve/requests/{UNKNOWN}/provenance").status_code == 404
        assert page_of(viewer, reverse("portal:provenance", args=[UNKNOWN])).status_code == 404


class TestTwoEvaluations:
    def test_on_the_same_data_share_its_step(self, endpoint, answered, engineer, approver, team, viewer):
        asked = heldout(engineer, approver, team)
        runs = [start_run(actor=engineer, model=endpoint.revision.model_version, dataset=asked) for _ in range(2)]
        EvaluationRun.objects.update(status="succeeded")

        steps = provenance_of(actor=viewer, event=answered(endpoint)).steps

        assert {step.id for step in steps if step.kind == "evaluation_run"} == {str(run.pk) for run in runs}
        assert [step.id for step in steps if step.kind == "dataset_version"] == [str(asked.pk)]
