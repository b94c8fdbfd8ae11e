"""From deliveries to other systems: signed, again and again, and in the end given up."""

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from apps.core.reconcile import LEASE_S
from apps.governance import services
from apps.governance.models import AuditEvent, Notice, WebhookDelivery, WebhookSubscription
from apps.governance.services.webhooks import attempts, sending
from apps.governance.tests.webhooks.conftest import said, send_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(webhook, keeper) -> WebhookDelivery:
    """A message on its way."""
    return services.ping_webhook(actor=keeper, subscription=webhook)


def test_an_attempt_ends_before_its_lease_does():
    assert attempts.TIMEOUT_S < LEASE_S / 2


def test_the_last_attempt_comes_about_a_day_after_the_first():
    waits_s = [min(5 * 3 ** (failures - 1), 3 * 3600) for failures in range(1, sending.ATTEMPTS)]

    assert 20 <= sum(waits_s) / 3600 <= 26


class TestDelivery:
    def test_is_signed_as_the_receivers_library_expects(self, made, delivery, receiver):
        send_now(made.subscription)

        (headers, body), *more = receiver.messages
        assert more == []
        verified = Webhook(made.secret).verify(body, headers)
        assert (verified["type"], headers["webhook-id"]) == ("webhook.ping", str(delivery.pk))
        assert headers["content-type"] == "application/json"

    def test_that_is_accepted_is_over(self, webhook, delivery, receiver):
        receiver.answers = [said(200, body="고맙습니다")]

        after = send_now(webhook)

        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts, delivery.answer_status) == ("delivered", 1, 200)
        assert (delivery.answer_excerpt, delivery.trouble) == ("고맙습니다", "")
        assert (after.last_delivered_at is not None, after.next_look_at, after.lease_token) == (True, None, None)

    def test_is_sent_with_the_same_id_and_body_until_it_is_accepted(self, made, delivery, receiver):
        receiver.answers = [said(500), said(400), said(204)]

        for _ in range(4):
            send_now(made.subscription)

        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == ("delivered", 3)
        assert len({(headers["webhook-id"], body) for headers, body in receiver.messages}) == 1
        assert len(receiver.messages) == 3
        for headers, body in receiver.messages:
            Webhook(made.secret).verify(body, headers)

    def test_that_is_not_accepted_waits_longer_each_time(self, webhook, delivery, receiver):
        receiver.answers = [said(400, body="no such field")]
        waits = []
        for _ in range(3):
            send_now(webhook)
            delivery.refresh_from_db()
            waits.append(delivery.next_attempt_at - delivery.last_attempt_at)

        assert waits[0] < waits[1] < waits[2]
        assert (delivery.status, delivery.trouble) == ("pending", "It answered 400.")
        assert delivery.answer_excerpt == "no such field"

    def test_is_given_up_after_the_last_attempt(self, webhook, delivery, receiver):
        receiver.answers = [said(500)]

        for _ in range(sending.ATTEMPTS + 2):
            after = send_now(webhook)

        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == ("failed", sending.ATTEMPTS)
        assert len(receiver.messages) == sending.ATTEMPTS
        assert after.is_enabled, "a day is no reason to switch it off"

    def test_says_that_redirects_are_not_followed(self, webhook, delivery, receiver, connects):
        receiver.answers = [said(302, headers="Location: http://127.0.0.1:5432/\r\n")]

        send_now(webhook)

        delivery.refresh_from_db()
        assert "Redirects are not followed" in delivery.trouble
        assert {port for _, port in connects} == {receiver.server.port}

    def test_of_a_name_that_leads_inside_by_now_is_not_sent(self, webhook, delivery, receiver, settings):
        settings.EGRESS = {**settings.EGRESS, "allow": []}

        send_now(webhook)

        delivery.refresh_from_db()
        assert "leads to an address of this machine" in delivery.trouble
        assert receiver.messages == []

    def test_keeps_no_byte_that_the_database_would_refuse(self, webhook, delivery, receiver):
        receiver.answers = [b"HTTP/1.1 400 X\r\nContent-Length: 4\r\n\r\n\x00\xff\xfe<"]

        send_now(webhook)

        delivery.refresh_from_db()
        assert delivery.answer_excerpt == "\ufffd\ufffd\ufffd<"


class TestAServerThatIsDown:
    @pytest.fixture
    def three(self, webhook, keeper):
        return [services.ping_webhook(actor=keeper, subscription=webhook) for _ in range(3)]

    @pytest.mark.parametrize("answer", [500, 503, 429])
    def test_is_asked_once_for_each_look(self, webhook, three, receiver, answer):
        receiver.answers = [said(answer)]

        after = send_now(webhook)

        assert len(receiver.messages) == 1
        assert (after.times_down, after.status) == (1, "failing")
        assert after.next_look_at > timezone.now()

    def test_is_asked_later_and_later_but_every_quarter_of_an_hour(self, webhook, three, receiver):
        receiver.answers = [said(500)]
        waits = []
        for _ in range(9):
            after = send_now(webhook)
            waits.append((after.next_look_at - timezone.now()).total_seconds())

        assert waits[0] < waits[1] < waits[2]
        assert max(waits) <= sending.DOWN_WAIT_MOST_S * 1.2

    def test_that_says_when_to_come_back_is_left_alone_so_long(self, webhook, three, receiver):
        receiver.answers = [said(429, headers="Retry-After: 1800\r\n")]

        after = send_now(webhook)

        assert timedelta(seconds=1700) < after.next_look_at - timezone.now() <= timedelta(seconds=1800)

    def test_that_is_back_gets_everything_that_waited(self, webhook, three, receiver):
        receiver.answers = [said(500), said(204)]

        send_now(webhook)
        after = send_now(webhook)

        assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"delivered"}
        assert (after.times_down, after.failing_since, after.status) == (0, None, "active")

    def test_that_is_back_is_looked_at_once_more(self, webhook, three, receiver):
        """An event that came while it was down did not wake it."""
        receiver.answers = [said(500), said(204)]
        send_now(webhook)

        after = send_now(webhook)

        assert after.next_look_at is not None
        assert send_now(webhook).next_look_at is None

    def test_holds_up_no_message_that_it_merely_refuses(self, webhook, three, receiver):
        receiver.answers = [said(400), said(204)]

        send_now(webhook)

        statuses = [delivery.status for delivery in WebhookDelivery.objects.order_by("pk")]
        assert statuses == ["pending", "delivered", "delivered"]


class TestAServerThatIsDownForDays:
    @pytest.fixture
    def waiting(self, webhook, keeper):
        """Fifty messages of yesterday and one of today, none of which was tried often."""
        for _ in range(51):
            services.ping_webhook(actor=keeper, subscription=webhook)
        newest = WebhookDelivery.objects.latest("pk")
        yesterday = timezone.now() - timedelta(hours=25)
        WebhookDelivery.objects.exclude(pk=newest.pk).update(waiting_since=yesterday)
        return newest

    def down_since(self, **ago):
        WebhookSubscription.objects.update(failing_since=timezone.now() - timedelta(**ago), times_down=9)

    def test_leaves_nothing_to_wait_for_longer_than_a_day(self, webhook, waiting, receiver):
        receiver.answers = [said(503)]
        self.down_since(hours=25)

        after = send_now(webhook)

        assert len(receiver.messages) == 1
        assert [delivery.pk for delivery in WebhookDelivery.objects.filter(status="pending")] == [waiting.pk]
        assert after.is_enabled

    def test_is_no_reason_to_give_up_what_waited_for_us(self, webhook, waiting, receiver):
        """Workers that stood still for a day come back, and the server answers 503 once."""
        receiver.answers = [said(503), said(204)]

        send_now(webhook)
        send_now(webhook)
        send_now(webhook)

        assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"delivered"}

    def test_is_switched_off_although_no_message_was_tried_often(self, webhook, waiting, receiver):
        receiver.answers = [said(503)]
        self.down_since(days=3)

        assert not send_now(webhook).is_enabled

    def test_gives_a_message_that_is_sent_again_its_day(self, webhook, waiting, receiver, keeper):
        receiver.answers = [said(503)]
        old = WebhookDelivery.objects.earliest("pk")
        self.down_since(hours=25)
        services.replay_delivery(actor=keeper, delivery=old)

        send_now(webhook)

        assert set(WebhookDelivery.objects.filter(status="pending")) == {old, waiting}


class TestSwitchingOff:
    def fail_for(self, webhook, receiver, days):
        receiver.answers = [said(500)]
        WebhookDelivery.objects.update(attempts=sending.ATTEMPTS - 1)
        WebhookSubscription.objects.update(failing_since=timezone.now() - timedelta(days=days))
        return send_now(webhook)

    def test_follows_days_without_a_delivery_and_is_told_to_the_owners(
        self, webhook, delivery, receiver, keeper, manager
    ):
        after = self.fail_for(webhook, receiver, days=4)

        assert (after.is_enabled, after.status, after.disabled_because) == (False, "disabled", "It answered 500.")
        event = AuditEvent.objects.get(action="webhooksubscription.disable")
        assert (event.actor.username, event.reason) == ("portal", "It answered 500.")
        told = {notice.user: notice for notice in Notice.objects.all()}
        assert set(told) == {keeper, manager}
        assert told[keeper].title == "The webhook 'siem' was switched off"
        assert told[keeper].url == webhook.get_absolute_url()

    def test_does_not_follow_a_few_bad_days(self, webhook, delivery, receiver):
        assert self.fail_for(webhook, receiver, days=2).is_enabled

    def test_does_not_follow_one_failure_after_quiet_days(self, webhook, delivery, receiver):
        receiver.answers = [said(500)]
        WebhookSubscription.objects.update(failing_since=timezone.now() - timedelta(days=30))

        assert send_now(webhook).is_enabled

    def test_follows_at_once_when_the_server_wants_nothing_any_more(self, webhook, delivery, receiver):
        receiver.answers = [said(410)]

        after = send_now(webhook)

        assert not after.is_enabled
        assert "410" in after.disabled_because

    def test_follows_a_lost_key_and_says_so(self, webhook, delivery, receiver, settings):
        settings.SECRET_KEY = "another"

        after = send_now(webhook)

        assert not after.is_enabled
        assert "DJANGO_SECRET_KEY was changed" in after.disabled_because
        assert receiver.messages == []


class TestASecondSender:
    def test_writes_nothing_once_another_has_taken_over(self, webhook, delivery, receiver, monkeypatch):
        """The lease ran out while the message was under way; the other one's record stands."""
        attempt = attempts.attempt

        def slowly(url, being_sent, secrets):
            WebhookSubscription.objects.update(lease_token="0190a1b2-0000-7000-8000-000000000000")
            WebhookDelivery.objects.update(trouble="of the other one")
            return attempt(url, being_sent, secrets)

        monkeypatch.setattr(attempts, "attempt", slowly)
        send_now(webhook)

        delivery.refresh_from_db()
        assert (delivery.status, delivery.trouble) == ("pending", "of the other one")
