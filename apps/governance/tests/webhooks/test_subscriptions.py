"""Webhooks as they are made, changed, switched off and deleted. Each change leaves one audit event, and no secret."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from apps.accounts.errors import PermissionRefusedError
from apps.core.canonical import sha256_digest
from apps.core.errors import InvalidInputError, NotFoundError
from apps.governance import services
from apps.governance.errors import TooManyWebhooksError, WebhookDisabledError, WebhookNameTakenError
from apps.governance.models import AuditEvent, WebhookDelivery, WebhookSubscription
from apps.governance.models.webhooks import matches
from apps.governance.services.webhooks import subscriptions
from apps.governance.tests.webhooks.conftest import send_now, something_happens

pytestmark = pytest.mark.django_db


class TestPattern:
    @pytest.mark.parametrize(
        ("pattern", "action", "wanted"),
        [
            ("*", "modelversion.approve", True),
            ("modelversion.*", "modelversion.approve", True),
            ("modelversion.approve", "modelversion.approve", True),
            ("modelversion.approve", "modelversion.approve_all", False),
            ("model.*", "modelversion.approve", False),
            ("api_key.*", "api_key.created", True),
        ],
    )
    def test_matches_whole_scopes_and_actions(self, pattern, action, wanted):
        assert matches(pattern, action) is wanted


class TestCreate:
    def test_keeps_the_secret_where_nobody_reads_it(self, made):
        kept = WebhookSubscription.objects.get()
        everything = [
            *(str(getattr(kept, field.attname)) for field in kept._meta.concrete_fields),
            *(str(event.after) + event.canonical for event in AuditEvent.objects.all()),
        ]

        assert made.secret.startswith("whsec_")
        assert not [text for text in everything if made.secret in text or made.secret[6:] in text]

    def test_records_where_it_leads_without_the_path_which_may_be_a_secret(self, keeper, team, receiver):
        url = receiver.url + "/T0123/xoxb-secret"
        services.create_webhook(actor=keeper, team=team, name="chat", url=url, events=["*"])

        event = AuditEvent.objects.get()
        assert (event.action, event.actor, event.team) == ("webhooksubscription.create", keeper, team)
        assert event.after["origin"] == receiver.url.removesuffix("/in")
        assert event.after["url_digest"] == sha256_digest(url.encode())
        assert "xoxb" not in event.canonical

    @pytest.mark.parametrize(
        ("url", "events", "field", "why"),
        [
            ("https://169.254.169.254/latest", ["*"], "url", "metadata"),
            ("ftp://hooks.example.com/", ["*"], "url", "must begin with https"),
            ("https://hooks.example.com:22/", ["*"], "url", "Port 22"),
            ("https://hooks.example.com/", [], "events", "Give 1 to 50"),
            ("https://hooks.example.com/", ["model*"], "events", "'model\\*' is no pattern"),
            ("https://hooks.example.com/", ["*.approve"], "events", "no pattern"),
            ("https://hooks.example.com/", ["모델.*"], "events", "no pattern"),
        ],
    )
    def test_refuses_what_could_never_be_sent(self, keeper, team, settings, url, events, field, why):
        with pytest.raises(InvalidInputError) as refused:
            services.create_webhook(actor=keeper, team=team, name="siem", url=url, events=events)

        assert [*refused.value.fields] == [field]
        assert re.search(why, refused.value.fields[field][0])
        assert (WebhookSubscription.objects.count(), AuditEvent.objects.count()) == (0, 0)

    def test_refuses_a_second_of_the_same_name(self, webhook, keeper, team):
        with pytest.raises(WebhookNameTakenError):
            services.create_webhook(actor=keeper, team=team, name="siem", url=webhook.url, events=["*"])

        assert AuditEvent.objects.count() == 1

    def test_refuses_more_than_a_team_can_look_after(self, webhook, keeper, team, monkeypatch):
        monkeypatch.setattr(subscriptions, "MOST_OF_A_TEAM", 1)

        with pytest.raises(TooManyWebhooksError):
            services.create_webhook(actor=keeper, team=team, name="chat", url=webhook.url, events=["*"])

    def test_is_not_a_way_to_read_a_trail_that_one_may_not_read(self, manager, approver, outsider, team, receiver):
        for actor, refusal in (
            (manager, PermissionRefusedError),
            (approver, PermissionRefusedError),
            (outsider, NotFoundError),
        ):
            with pytest.raises(refusal):
                services.create_webhook(actor=actor, team=team, name="mine", url=receiver.url, events=["*"])

        assert WebhookSubscription.objects.count() == 0


class TestUpdate:
    def test_records_what_changed(self, webhook, keeper):
        services.update_webhook(actor=keeper, subscription=webhook, events=["*"], name="SIEM")

        event = AuditEvent.objects.latest("id")
        assert (event.before["events"], event.after["events"]) == (["policyversion.*"], ["*"])
        assert (event.before["name"], event.after["name"]) == ("siem", "SIEM")

    def test_that_changes_nothing_records_nothing(self, webhook, keeper):
        services.update_webhook(actor=keeper, subscription=webhook, events=["policyversion.*"], is_enabled=True)

        assert AuditEvent.objects.count() == 1

    def test_switches_on_again_with_a_clean_slate(self, webhook, keeper):
        services.disable_webhook(actor=keeper, subscription=webhook, because="It answered 500.")
        WebhookSubscription.objects.update(failing_since=timezone.now(), times_down=9)

        after = services.update_webhook(actor=keeper, subscription=webhook, is_enabled=True)

        assert (after.status, after.disabled_because, after.times_down) == ("active", "", 0)

    def test_is_refused_to_who_may_only_look(self, webhook, approver, manager):
        with pytest.raises(PermissionRefusedError):
            services.update_webhook(actor=approver, subscription=webhook, events=["*"])
        with pytest.raises(PermissionRefusedError):
            services.update_webhook(actor=manager, subscription=webhook, events=["*"])

        webhook.refresh_from_db()
        assert webhook.events == ["policyversion.*"]

    def test_works_although_the_address_would_be_refused_by_now(self, webhook, keeper, settings):
        settings.EGRESS = {**settings.EGRESS, "allow": [], "plain_http": False}

        services.update_webhook(actor=keeper, subscription=webhook, is_enabled=False)
        services.delete_webhook(actor=keeper, subscription=webhook)

        assert WebhookSubscription.objects.count() == 0


class TestRotation:
    def test_signs_with_both_secrets_until_the_overlap_is_over(self, made, keeper, receiver):
        webhook = made.subscription
        new = services.rotate_webhook_secret(actor=keeper, subscription=webhook).secret
        services.ping_webhook(actor=keeper, subscription=webhook)
        send_now(webhook)
        WebhookSubscription.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
        services.ping_webhook(actor=keeper, subscription=webhook)
        send_now(webhook)

        (during, first), (after, second) = receiver.messages
        assert Webhook(new).verify(first, during)
        assert Webhook(made.secret).verify(first, during)
        assert Webhook(new).verify(second, after)
        with pytest.raises(WebhookVerificationError):
            Webhook(made.secret).verify(second, after)

    def test_mends_a_webhook_whose_key_was_lost(self, webhook, keeper, receiver, settings):
        settings.SECRET_KEY = "another"
        new = services.rotate_webhook_secret(actor=keeper, subscription=webhook).secret
        services.ping_webhook(actor=keeper, subscription=webhook)

        send_now(webhook)

        headers, body = receiver.messages[0]
        assert Webhook(new).verify(body, headers)


class TestPing:
    def test_is_refused_by_a_webhook_that_is_off(self, webhook, keeper):
        services.update_webhook(actor=keeper, subscription=webhook, is_enabled=False)

        with pytest.raises(WebhookDisabledError):
            services.ping_webhook(actor=keeper, subscription=webhook)

        assert WebhookDelivery.objects.count() == 0


class TestDelete:
    def test_takes_the_deliveries_along_and_leaves_the_trail(self, webhook, keeper):
        services.ping_webhook(actor=keeper, subscription=webhook)

        services.delete_webhook(actor=keeper, subscription=webhook)

        assert (WebhookSubscription.objects.count(), WebhookDelivery.objects.count()) == (0, 0)
        assert AuditEvent.objects.latest("id").action == "webhooksubscription.delete"


class TestReplay:
    def test_sends_a_delivery_again_with_its_id_and_body(self, webhook, keeper, receiver):
        delivery = services.ping_webhook(actor=keeper, subscription=webhook)
        send_now(webhook)

        services.replay_delivery(actor=keeper, delivery=delivery)
        send_now(webhook)

        assert len(receiver.messages) == 2
        assert len({(headers["webhook-id"], body) for headers, body in receiver.messages}) == 1
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == ("delivered", 1)

    def test_sends_everything_since_a_time_even_what_no_delivery_was_made_of(self, webhook, keeper, engineer, team):
        events = [something_happens(engineer, team, number) for number in range(3)]
        since = events[1].at

        count = services.replay_events(actor=keeper, subscription=webhook, since=since)
        again = services.replay_events(actor=keeper, subscription=webhook, since=since)

        assert (count, again) == (2, 2)
        assert {delivery.event_id for delivery in WebhookDelivery.objects.all()} == {event.pk for event in events[1:]}
        assert AuditEvent.objects.latest("id").after["deliveries"] == 2

    def test_refuses_what_lies_too_far_back(self, webhook, keeper):
        with pytest.raises(InvalidInputError):
            services.replay_events(actor=keeper, subscription=webhook, since=timezone.now() - timedelta(days=31))


class TestForgetting:
    def test_is_of_what_is_old_and_not_under_way(self, webhook, keeper):
        old = timezone.now() - timedelta(days=31)
        kinds = {name: services.ping_webhook(actor=keeper, subscription=webhook).pk for name in ("old", "again", "new")}
        WebhookDelivery.objects.exclude(pk=kinds["new"]).update(created_at=old)
        WebhookDelivery.objects.filter(pk=kinds["old"]).update(next_attempt_at=old)

        services.forget_old_deliveries()

        assert set(WebhookDelivery.objects.values_list("pk", flat=True)) == {kinds["again"], kinds["new"]}
