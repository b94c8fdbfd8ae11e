"""Reconciling, tried on training jobs: core has no reconcilable table of its own."""

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.core import reconcile as reconciling
from apps.core.errors import UnavailableError
from apps.core.reconcile import LeaseLostError, reconcile
from apps.datasets.models import DatasetVersion
from apps.training.models import TrainingJob
from conftest import by_hand

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(team, engineer):
    with by_hand():
        dataset = DatasetVersion.objects.create(
            owner_team=team, name="d", version="1", type="sft_pair", created_by=engineer
        )
        return TrainingJob.objects.create(
            owner_team=team, job_type="SFT", spec={}, spec_digest="", image="", dataset=dataset, created_by=engineer
        )


class TestReconcile:
    def test_takes_one_step_and_looks_again_when_the_step_says(self, job):
        reconcile(TrainingJob, job.pk, lambda row: 30.0)

        job.refresh_from_db()
        assert job.lease_token is None
        assert timedelta(seconds=25) < job.next_look_at - timezone.now() <= timedelta(seconds=30)

    def test_settles_when_the_step_has_nothing_left_to_do(self, job):
        steps = []
        reconcile(TrainingJob, job.pk, lambda row: steps.append(row))
        reconcile(TrainingJob, job.pk, lambda row: steps.append(row))

        assert len(steps) == 1

    def test_keeps_a_second_caller_out_while_a_step_is_taken(self, job):
        inner = []

        def step(row):
            reconcile(TrainingJob, row.pk, lambda same: inner.append(same))
            return 1.0

        reconcile(TrainingJob, job.pk, step)

        assert inner == []

    def test_refuses_the_writes_of_a_step_whose_lease_was_taken_over(self, job):
        def step(row):
            TrainingJob.objects.filter(pk=row.pk).update(lease_token="0190a1b2-0000-7000-8000-000000000000")
            with pytest.raises(LeaseLostError):
                row.save_observed(status="running")
            row.save_observed(status="failed")

        reconcile(TrainingJob, job.pk, step)

        job.refresh_from_db()
        assert job.status == "queued"

    def test_looks_again_at_once_when_something_was_wanted_during_the_step(self, job):
        def step(row):
            reconciling.wake(row)

        reconcile(TrainingJob, job.pk, step)

        job.refresh_from_db()
        assert job.next_look_at <= timezone.now()

    def test_looks_again_at_once_when_something_was_wanted_before_the_lease_was_renewed(self, job):
        def step(row):
            reconciling.wake(row)
            row.renew_lease()

        reconcile(TrainingJob, job.pk, step)

        job.refresh_from_db()
        assert job.next_look_at <= timezone.now()

    def test_comes_back_later_and_later_to_what_is_unavailable(self, job):
        def step(row):
            raise UnavailableError("The cluster does not answer.")

        waits = []
        for _ in range(3):
            reconcile(TrainingJob, job.pk, step)
            job.refresh_from_db()
            waits.append((job.next_look_at - timezone.now()).total_seconds())

        assert waits[0] < waits[1] < waits[2]
        assert (job.trouble, job.look_failures) == ("The cluster does not answer.", 3)

    def test_says_what_a_bug_was_and_lets_it_be_seen(self, job):
        def step(row):
            raise KeyError("spec")

        with pytest.raises(KeyError):
            reconcile(TrainingJob, job.pk, step)

        job.refresh_from_db()
        assert (job.trouble, job.lease_token) == ("KeyError: 'spec'", None)


class TestHeartbeat:
    def test_keeps_the_lease_of_a_step_that_takes_longer_than_one(self, job, monkeypatch):
        monkeypatch.setattr(reconciling, "BEAT_S", 0)
        almost_over = timezone.now() + timedelta(seconds=1)

        def step(row):
            TrainingJob.objects.filter(pk=row.pk).update(lease_until=almost_over)
            row.heartbeat()()
            row.refresh_from_db()
            assert row.lease_until > almost_over

        reconcile(TrainingJob, job.pk, step)

    def test_writes_nothing_between_two_beats(self, job, django_assert_num_queries):
        def step(row):
            beat = row.heartbeat()
            with django_assert_num_queries(0):
                for _ in range(1000):
                    beat()

        reconcile(TrainingJob, job.pk, step)

    def test_ends_the_work_of_who_has_lost_the_lease(self, job, monkeypatch):
        monkeypatch.setattr(reconciling, "BEAT_S", 0)

        def step(row):
            beat = row.heartbeat()
            TrainingJob.objects.filter(pk=row.pk).update(lease_token="0190a1b2-0000-7000-8000-000000000000")
            with pytest.raises(LeaseLostError):
                beat()

        reconcile(TrainingJob, job.pk, step)


class TestGiveUp:
    @pytest.fixture
    def given_up(self):
        return []

    @pytest.fixture
    def look(self, job, given_up):
        """Return a function that has the job looked at by a step that raises an error."""

        def looked(error):
            def step(row):
                raise error

            with contextlib.suppress(KeyError, SystemExit):
                reconcile(TrainingJob, job.pk, step, give_up=lambda row, reason: given_up.append(reason))

        return looked

    def test_ends_a_row_that_no_step_brings_any_further(self, look, given_up):
        for _ in range(reconciling.GIVE_UP_AFTER):
            assert given_up == []
            look(KeyError("a\0b"))

        assert given_up == ["The portal could not take its next step, 20 times in a row. KeyError: 'a\\x00b'"]

    def test_waits_without_end_for_what_is_unavailable(self, look, given_up):
        for _ in range(reconciling.GIVE_UP_AFTER * 2):
            look(UnavailableError())
        look(KeyError("once"))

        assert given_up == []

    def test_is_not_for_a_process_that_is_ending(self, look, given_up):
        for _ in range(reconciling.GIVE_UP_AFTER * 2):
            look(SystemExit())

        assert given_up == []

    def test_lets_go_of_a_row_that_cannot_be_given_up_either(self, job):
        TrainingJob.objects.update(look_failures=reconciling.GIVE_UP_AFTER)

        def fail(*_):
            raise KeyError("again")

        with pytest.raises(KeyError):
            reconcile(TrainingJob, job.pk, fail, give_up=fail)

        job.refresh_from_db()
        assert (job.lease_token, job.trouble) == (None, "KeyError: 'again'")


class TestSweep:
    def test_finds_a_row_whose_wake_up_was_lost(self, job, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks() as sent:
            assert reconciling.sweep() >= 1

        assert len(sent) >= 1

    def test_does_not_flood_a_slow_worker(self, job):
        reconciling.sweep()

        assert reconciling.sweep() == 0

    def test_finds_what_a_killed_worker_held_once_its_lease_has_ended(self, job):
        past = timezone.now() - timedelta(seconds=1)
        TrainingJob.objects.update(lease_token=job.pk, lease_until=past, next_look_at=past)

        assert reconciling.sweep() == 1

    def test_leaves_a_leased_row_to_who_holds_it(self, job):
        soon = timezone.now() + timedelta(seconds=30)
        TrainingJob.objects.update(lease_token=job.pk, lease_until=soon)

        assert reconciling.sweep() == 0


@pytest.mark.django_db(transaction=True)
def test_of_many_reconcilers_at_once_one_takes_the_step(job):
    taken, started = [], threading.Barrier(8)

    def step(row):
        taken.append(threading.get_ident())
        threading.Event().wait(0.2)
        return 60.0

    def run():
        started.wait()
        reconcile(TrainingJob, job.pk, step)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 1
