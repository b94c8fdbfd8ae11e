"""Human review: campaigns, the queue, claims that end by themselves, and who may not answer."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Role
from apps.core.errors import NotFoundError
from apps.evaluation import selectors, services
from apps.evaluation.errors import (
    AlreadyReviewedError,
    CampaignTooLargeError,
    OwnWorkError,
    RunNotDoneError,
    TaskNotClaimedError,
)
from apps.evaluation.models import EvaluationRun, Review, ReviewCampaign, ReviewTask, Sample
from apps.evaluation.states import RunStatus, TaskStatus
from apps.evaluation.tests.factories import review
from apps.governance.models import AuditEvent
from conftest import by_hand, hold, member


def lease_ends(task):
    ReviewTask.objects.filter(pk=task.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def second_reviewer(team):
    return member(team, "second", Role.REVIEWER)


class TestOpenCampaign:
    def test_puts_drawn_samples_into_the_queue(self, engineer, run):
        campaign = services.open_campaign(actor=engineer, run=run, sample_size=5, seed=9, title="Answers")
        again = services.open_campaign(actor=engineer, run=run, sample_size=5, seed=9, title="The same")

        chosen = [list(each.tasks.values_list("sample__index", flat=True)) for each in (campaign, again)]
        assert len(chosen[0]) == 5
        assert chosen[0] == chosen[1]

    def test_bars_who_had_a_part(self, engineer, manager, campaign):
        assert set(campaign.barred) == {engineer.pk, manager.pk}

    def test_refuses_more_than_there_are(self, engineer, run):
        with pytest.raises(CampaignTooLargeError):
            services.open_campaign(actor=engineer, run=run, sample_size=13, title="Answers")

        assert not ReviewCampaign.objects.exists()

    def test_refuses_a_run_that_has_not_succeeded(self, engineer, queued):
        with pytest.raises(RunNotDoneError, match="queued"):
            services.open_campaign(actor=engineer, run=queued, sample_size=1, title="Answers")

    @pytest.mark.parametrize("who", ["viewer", "reviewer", "approver"])
    def test_refuses_who_may_not_edit(self, request, who, run):
        with pytest.raises(PermissionRefusedError):
            services.open_campaign(actor=request.getfixturevalue(who), run=run, sample_size=1, title="Answers")


class TestClaimTask:
    def test_lends_the_oldest_and_the_same_again(self, reviewer, campaign):
        first = services.claim_task(actor=reviewer)
        again = services.claim_task(actor=reviewer)

        assert first == again == campaign.tasks.order_by("id").first()
        assert first.claimed_until > timezone.now() + timedelta(minutes=9)

    def test_lends_each_to_one(self, reviewer, second_reviewer, campaign):
        assert services.claim_task(actor=reviewer) != services.claim_task(actor=second_reviewer)

    def test_a_lease_that_ended_lets_another_in(self, reviewer, second_reviewer, campaign):
        lent = services.claim_task(actor=reviewer)
        lease_ends(lent)

        assert services.claim_task(actor=second_reviewer) == lent
        with pytest.raises(TaskNotClaimedError):
            services.submit_review(actor=reviewer, task=lent, acceptable=True)

    def test_is_none_when_all_is_answered(self, reviewer, campaign):
        for _ in range(3):
            review(reviewer, campaign)

        assert services.claim_task(actor=reviewer) is None

    def test_lends_nothing_of_own_work(self, engineer, team, campaign):
        hold(engineer, team, Role.REVIEWER)

        assert services.claim_task(actor=engineer) is None
        assert selectors.waiting_tasks(actor=engineer).count() == 0

    @pytest.mark.parametrize("who", ["viewer", "engineer", "approver", "superuser"])
    def test_refuses_who_is_no_reviewer_superusers_too(self, request, who, campaign):
        with pytest.raises(PermissionRefusedError):
            services.claim_task(actor=request.getfixturevalue(who))

    def test_shows_outsiders_nothing(self, outsider, campaign):
        assert services.claim_task(actor=outsider) is None


class TestReleaseTask:
    def test_puts_it_back(self, reviewer, second_reviewer, campaign):
        lent = services.claim_task(actor=reviewer)

        services.release_task(actor=reviewer, task=lent)

        assert services.claim_task(actor=second_reviewer) == lent

    def test_refuses_one_that_is_lent_to_another(self, reviewer, second_reviewer, campaign):
        lent = services.claim_task(actor=reviewer)

        with pytest.raises(TaskNotClaimedError):
            services.release_task(actor=second_reviewer, task=lent)


class TestSubmitReview:
    def test_records_the_answer(self, reviewer, campaign):
        given = review(reviewer, campaign, acceptable=False)

        assert (given.reviewer, given.acceptable, given.task.status) == (reviewer, False, TaskStatus.DONE)
        event = AuditEvent.objects.get(action="reviewtask.review")
        assert (event.actor, event.after["acceptable"]) == (reviewer, False)

    def test_the_same_twice_is_one(self, reviewer, campaign):
        first = review(reviewer, campaign)
        again = services.submit_review(actor=reviewer, task=first.task, acceptable=True)

        assert first == again
        assert AuditEvent.objects.filter(action="reviewtask.review").count() == 1

    def test_the_same_twice_is_one_for_ever(self, reviewer, campaign):
        first = review(reviewer, campaign)
        lease_ends(first.task)

        assert services.submit_review(actor=reviewer, task=first.task, acceptable=True) == first

    def test_can_be_changed_within_the_lease(self, reviewer, campaign):
        first = review(reviewer, campaign)

        changed = services.submit_review(actor=reviewer, task=first.task, acceptable=False, comment="Wrong unit")

        assert (changed.pk, changed.acceptable, changed.comment) == (first.pk, False, "Wrong unit")
        event = AuditEvent.objects.get(action="reviewtask.change_review")
        assert event.before == {"acceptable": True, "comment": ""}

    def test_stands_after_the_lease(self, reviewer, campaign):
        first = review(reviewer, campaign)
        lease_ends(first.task)

        with pytest.raises(AlreadyReviewedError):
            services.submit_review(actor=reviewer, task=first.task, acceptable=False)

        assert Review.objects.get().acceptable is True

    def test_refuses_another_reviewers_task(self, reviewer, second_reviewer, campaign):
        first = review(reviewer, campaign)

        with pytest.raises(AlreadyReviewedError):
            services.submit_review(actor=second_reviewer, task=first.task, acceptable=True)

    def test_wants_the_task_to_be_claimed(self, reviewer, campaign):
        with pytest.raises(TaskNotClaimedError):
            services.submit_review(actor=reviewer, task=campaign.tasks.first(), acceptable=True)

        assert not Review.objects.exists()

    def test_a_late_answer_counts_while_nobody_else_has_taken_the_task(self, reviewer, campaign):
        lent = services.claim_task(actor=reviewer)
        lease_ends(lent)

        assert services.submit_review(actor=reviewer, task=lent, acceptable=True).reviewer == reviewer

    def test_refuses_own_work_to_who_became_a_reviewer(self, engineer, team, campaign):
        hold(engineer, team, Role.REVIEWER)

        with pytest.raises(OwnWorkError):
            services.submit_review(actor=engineer, task=campaign.tasks.first(), acceptable=True)

    @pytest.mark.parametrize("who", ["viewer", "engineer", "approver", "superuser"])
    def test_refuses_who_is_no_reviewer_superusers_too(self, request, who, campaign):
        with pytest.raises(PermissionRefusedError):
            services.submit_review(actor=request.getfixturevalue(who), task=campaign.tasks.first(), acceptable=True)

    def test_hides_the_task_from_outsiders(self, outsider, campaign):
        with pytest.raises(NotFoundError):
            services.submit_review(actor=outsider, task=campaign.tasks.first(), acceptable=True)


@pytest.mark.django_db(transaction=True)
def test_reviewers_who_claim_at_once_get_different_tasks(team, engineer, approver, model, heldout):
    reviewers = [member(team, f"reviewer-{number}", Role.REVIEWER) for number in range(6)]
    with by_hand():
        run = EvaluationRun.objects.create(
            owner_team=team,
            model_version=model,
            model_digest=model.digest,
            dataset=heldout,
            dataset_digest="sha256:0",
            metrics_wanted=["exact_match"],
            sample_size=6,
            status=RunStatus.SUCCEEDED,
            next_look_at=None,
            created_by=engineer,
        )
    Sample.objects.bulk_create(Sample(run=run, index=index, prompt="?") for index in range(6))
    services.open_campaign(actor=engineer, run=run, sample_size=6, title="Answers")
    together, lent = threading.Barrier(len(reviewers)), []

    def claim(person):
        together.wait()
        lent.append(services.claim_task(actor=person))
        connection.close()

    threads = [threading.Thread(target=claim, args=(person,)) for person in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({task.pk for task in lent}) == 6
