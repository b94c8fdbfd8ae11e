"""From the audit trail to deliveries: each event once, none missed, whoever dies or comes late."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.governance import services
from apps.governance.models import AuditEvent, WebhookCursor, WebhookDelivery, WebhookSubscription
from apps.governance.services.webhooks import dispatching
from apps.governance.services.webhooks.payloads import BODY_MAX_BYTES
from apps.governance.tests.conftest import SMALL
from apps.governance.tests.webhooks.conftest import dispatch, something_happens

# Transactions that really end: the dispatcher leaves alone what one that still runs has written.
pytestmark = pytest.mark.django_db(transaction=True)


def delivered() -> list[str]:
    return [str(delivery.event_id) for delivery in WebhookDelivery.objects.order_by("pk")]


class TestDispatch:
    def test_makes_one_delivery_of_an_event_that_is_asked_for(self, webhook, engineer, team):
        event = something_happens(engineer, team)

        dispatch()
        dispatch()

        delivery = WebhookDelivery.objects.get()
        assert (delivery.event, delivery.subscription, delivery.status) == (event, webhook, "pending")

    def test_tells_what_happened_and_where_to_look(self, webhook, engineer, team, settings):
        event = something_happens(engineer, team)

        dispatch()

        said = json.loads(WebhookDelivery.objects.get().body)
        assert (said["type"], said["timestamp"]) == ("policyversion.draft", event.at.isoformat())
        assert said["data"]["subject"] == {
            "kind": "policyversion",
            "id": str(event.subject_id),
            "label": event.subject_label,
            "page": f"{settings.PUBLIC_URL}/governance/policies/{event.subject_id}",
        }
        assert said["data"]["actor"] == {"username": "engineer", "name": "engineer"}
        assert said["data"]["after"] == event.after
        assert said["data"]["digest"] == event.digest

    def test_tells_nobody_of_another_teams_events(self, webhook, outsider, other_team):
        something_happens(outsider, other_team)

        dispatch()

        assert delivered() == []

    def test_tells_nothing_that_is_not_asked_for(self, webhook, keeper, engineer, team):
        services.update_webhook(actor=keeper, subscription=webhook, events=["modelversion.*", "policyversion.submit"])
        something_happens(engineer, team)

        dispatch()

        assert delivered() == []

    def test_tells_nothing_of_before_the_webhook_was_made(self, engineer, team, request):
        something_happens(engineer, team)
        request.getfixturevalue("webhook")
        later = something_happens(engineer, team, 1)

        dispatch()

        assert delivered() == [str(later.pk)]

    def test_tells_nothing_to_a_webhook_that_is_off(self, webhook, keeper, engineer, team):
        services.update_webhook(actor=keeper, subscription=webhook, is_enabled=False)
        something_happens(engineer, team)

        dispatch()
        services.update_webhook(actor=keeper, subscription=webhook, is_enabled=True)
        dispatch()

        assert delivered() == []

    def test_makes_the_webhook_due(self, webhook, engineer, team):
        WebhookSubscription.objects.update(next_look_at=None)
        something_happens(engineer, team)

        dispatch()

        webhook.refresh_from_db()
        assert webhook.next_look_at <= timezone.now()

    def test_does_not_hurry_a_webhook_that_is_down(self, webhook, engineer, team):
        later = timezone.now() + timedelta(minutes=10)
        WebhookSubscription.objects.update(next_look_at=later, times_down=5)
        something_happens(engineer, team)

        dispatch()

        webhook.refresh_from_db()
        assert webhook.next_look_at == later

    def test_goes_through_more_events_than_one_batch_takes(self, webhook, engineer, team, monkeypatch):
        monkeypatch.setattr(dispatching, "BATCH", 2)
        events = [something_happens(engineer, team, number) for number in range(5)]

        assert dispatch() == 5
        assert delivered() == [str(event.pk) for event in events]

    def test_writes_nothing_when_nothing_has_happened(self, webhook, engineer, team, django_assert_max_num_queries):
        something_happens(engineer, team)
        dispatch()

        with django_assert_max_num_queries(6) as asked:
            services.dispatch_events()

        assert not [query for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert not [query for query in asked if "FOR UPDATE" in query["sql"]]

    def test_shortens_what_no_receiver_would_take(self, webhook, engineer, team):
        with transaction.atomic():
            version = services.save_policy_draft(actor=engineer, team=team, source=SMALL)
            services.record_event(
                actor=engineer, action="policyversion.note", subject=version, after={"text": "가" * BODY_MAX_BYTES}
            )

        dispatch()

        body = WebhookDelivery.objects.get(event_type="policyversion.note").body
        assert len(body.encode()) < BODY_MAX_BYTES
        assert json.loads(body)["data"]["is_shortened"]


class TestLateCommit:
    def test_is_not_missed_by_a_dispatcher_that_has_seen_later_events(self, webhook, engineer, team):
        """The one thing that reading on from the highest id gets wrong."""
        written, may_commit = threading.Event(), threading.Event()
        late: list[AuditEvent] = []

        def slowly() -> None:
            with transaction.atomic():
                late.append(something_happens(engineer, team, 1))
                written.set()
                may_commit.wait(30)
            connection.close()

        thread = threading.Thread(target=slowly)
        thread.start()
        written.wait(30)
        quick = something_happens(engineer, team, 2)
        assert quick.pk > late[0].pk

        services.dispatch_events()
        before = delivered()
        may_commit.set()
        thread.join()
        dispatch()

        assert before == [], "an event that may be followed by an earlier one is not dispatched yet"
        assert delivered() == [str(late[0].pk), str(quick.pk)]


class TestManyDispatchers:
    def test_at_once_make_each_delivery_once(self, webhook, engineer, team, monkeypatch):
        monkeypatch.setattr(dispatching, "BATCH", 3)
        events = [something_happens(engineer, team, number) for number in range(20)]
        started = threading.Barrier(6)

        def dispatch_often() -> None:
            started.wait()
            for _ in range(10):
                dispatch()
            connection.close()

        threads = [threading.Thread(target=dispatch_often) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(delivered()) == sorted(str(event.pk) for event in events)


class Killed(BaseException):
    """Stands for SIGKILL within a transaction: the database rolls it back."""


class TestInterrupted:
    @pytest.mark.parametrize("where", ["bodies_of", "wake_subscriptions", "_move"])
    def test_dispatch_leaves_nothing_and_is_made_up_for(self, webhook, engineer, team, monkeypatch, where):
        event = something_happens(engineer, team)

        def die(*_args: object) -> None:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(dispatching, where, die)
            with pytest.raises(Killed):
                dispatch()
        assert delivered() == []

        dispatch()

        assert delivered() == [str(event.pk)]


class TestARestoredDatabase:
    def test_whose_transactions_count_from_below_goes_on_and_sends_nothing_twice(self, webhook, engineer, team):
        """A dump that is restored into a new server: the cursor is ahead of every transaction to come."""
        before = something_happens(engineer, team)
        dispatch()
        WebhookCursor.objects.update(tx=2**60)
        after = something_happens(engineer, team, 1)

        dispatch()

        assert delivered() == [str(before.pk), str(after.pk)]
        assert WebhookCursor.objects.get().tx < 2**60
