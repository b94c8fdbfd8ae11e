"""Many requests, one verdict: on all, or on none."""

from uuid import uuid4

import pytest

from apps.core.errors import NotFoundError
from apps.governance import services
from apps.governance.errors import BatchInvalidError, BatchRefusedError, NotYourRequestError
from apps.governance.models import Approval, ApprovalBatch, ApprovalRequest, AuditEvent, PolicyVersion
from apps.governance.states import PolicyStatus
from apps.governance.tests.conftest import SMALL
from conftest import caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def drafts(engineer, team):
    """Five policies, each in its first version."""
    sources = [SMALL.replace("only-small", f"only-small-{number}") for number in range(5)]
    return [services.save_policy_draft(actor=engineer, team=team, source=source) for source in sources]


@pytest.fixture
def batch(engineer, drafts):
    return opened(engineer, drafts)


def opened(actor, versions, **more):
    return services.open_batch(
        actor=actor,
        subject_kind="policyversion",
        subject_ids=[version.pk for version in versions],
        transition="approve",
        reason="The yearly review",
        **more,
    )


def statuses():
    return set(PolicyVersion.objects.values_list("status", flat=True))


class TestOpenBatch:
    def test_submits_each_and_asks_for_all(self, batch):
        assert statuses() == {PolicyStatus.UNDER_REVIEW}
        assert batch.requests.count() == 5
        assert AuditEvent.objects.filter(action="policyversion.submit").count() == 5

    def test_names_each_that_cannot_be_asked_for_and_asks_for_none(self, engineer, outsider, drafts, other_team):
        asked = [*drafts, PolicyVersion(pk=uuid4())]

        with pytest.raises(BatchInvalidError) as refused:
            opened(engineer, asked)

        assert set(refused.value.fields) == {"subject_ids[5]"}
        assert statuses() == {PolicyStatus.DRAFT}
        assert not ApprovalBatch.objects.exists()

    def test_refuses_the_same_object_twice(self, engineer, drafts):
        with pytest.raises(BatchInvalidError, match="Nothing was asked for"):
            opened(engineer, [drafts[0], drafts[0]])

    def test_refuses_what_is_being_asked_for_already(self, engineer, drafts, batch):
        with pytest.raises(BatchInvalidError) as refused:
            opened(engineer, drafts[:1])

        assert "open request" in refused.value.fields["subject_ids[0]"][0]


class TestVerdicts:
    def test_one_approval_moves_all_with_an_event_each(self, approver, batch):
        services.approve_batch(
            actor=approver, batch=batch, seen_digest=services.batch_digest(batch), comment="All fine"
        )

        assert statuses() == {PolicyStatus.ACTIVE}
        assert AuditEvent.objects.filter(action="policyversion.approve", reason="The yearly review").count() == 5
        assert Approval.objects.filter(comment="All fine").count() == 5

    def test_one_that_refuses_stops_all_and_is_named(self, approver, engineer, batch, drafts):
        PolicyVersion.objects.filter(pk=drafts[2].pk).update(created_by=approver)

        with pytest.raises(BatchRefusedError, match="1 of 5 refuse") as refused:
            services.approve_batch(actor=approver, batch=batch, seen_digest=services.batch_digest(batch))

        [item] = refused.value.context["details"]["items"]
        assert item["label"] == str(drafts[2])
        assert "You wrote this" in item["why"]
        assert statuses() == {PolicyStatus.UNDER_REVIEW}
        assert not Approval.objects.exists()

    def test_something_edited_since_it_was_looked_at_stops_all(self, engineer, approver, batch, drafts):
        seen = services.batch_digest(batch)
        drafts[0].refresh_from_db()
        drafts[0].digest = "sha256:edited"
        drafts[0].save()
        services.subject_edited(actor=engineer, subject=drafts[0])

        with pytest.raises(BatchRefusedError, match="edited"):
            services.approve_batch(actor=approver, batch=batch, seen_digest=seen)

        assert statuses() == {PolicyStatus.UNDER_REVIEW}

    def test_a_rejection_sends_all_back(self, approver, batch):
        services.reject_batch(actor=approver, batch=batch, seen_digest=services.batch_digest(batch), comment="Not yet")

        assert statuses() == {PolicyStatus.DRAFT}

    def test_only_who_asked_takes_it_back(self, engineer, approver, batch):
        with pytest.raises(BatchRefusedError) as refused:
            services.withdraw_batch(actor=approver, batch=batch)
        assert NotYourRequestError.message in refused.value.context["details"]["items"][0]["why"]

        services.withdraw_batch(actor=engineer, batch=batch)

        assert statuses() == {PolicyStatus.DRAFT}
        with pytest.raises(NotFoundError, match="Nothing of this batch is open"):
            services.withdraw_batch(actor=engineer, batch=batch)


class TestApi:
    URL = "/llm-ops/v1/governance/approvals/batches"

    def test_asks_and_decides(self, engineer, approver, outsider, viewer, drafts):
        body = {
            "subject_kind": "policyversion",
            "subject_ids": [str(version.pk) for version in drafts],
            "reason": "The yearly review",
        }
        made = caller(engineer).post(self.URL, body, format="json").json()["data"]
        assert (made["size"], made["open"], len(made["requests"])) == (5, 5, 5)
        address = f"{self.URL}/{made['id']}"
        verdict = {"seen_digest": made["digest"]}

        assert caller(outsider).get(address).status_code == 404
        assert caller(viewer).post(f"{address}/approve", verdict, format="json").status_code == 422
        decided = caller(approver).post(f"{address}/approve", verdict, format="json").json()["data"]

        assert (decided["open"], {item["status"] for item in decided["requests"]}) == (0, {"executed"})
        assert ApprovalRequest.objects.filter(batch_id=made["id"]).count() == 5
