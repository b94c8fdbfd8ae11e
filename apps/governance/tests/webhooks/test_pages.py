"""The pages of webhooks."""

import pytest
from django.urls import reverse

from apps.governance import services
from apps.governance.models import WebhookDelivery, WebhookSubscription
from apps.governance.tests.webhooks.conftest import said, send_now, something_happens

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, keeper):
    client.force_login(keeper)
    return client


def fields(receiver, **changed):
    return {"owner_team": "voc", "name": "siem", "url": receiver.url, "events": "policyversion.*\napi_key.*", **changed}


class TestNewWebhook:
    def test_is_made_and_its_secret_shown_on_the_answer_alone(self, page, receiver):
        answer = page.post(reverse("governance:new_webhook"), fields(receiver))

        webhook = WebhookSubscription.objects.get()
        assert webhook.events == ["policyversion.*", "api_key.*"]
        assert "whsec_" in answer.text
        assert "no-store" in answer["Cache-Control"]
        assert "whsec_" not in page.get(webhook.get_absolute_url()).text

    def test_is_refused_beside_the_field(self, page, receiver):
        answer = page.post(
            reverse("governance:new_webhook"), fields(receiver, url=f"https://10.0.0.1:{receiver.server.port}/")
        )

        assert answer.status_code == 422
        assert "10.0.0.1 is a private address" in answer.text
        assert WebhookSubscription.objects.count() == 0

    def test_is_not_offered_to_who_cannot_make_one(self, client, approver):
        client.force_login(approver)

        assert "needs to be both manager and auditor" in client.get(reverse("governance:webhooks")).text
        assert client.get(reverse("governance:new_webhook")).status_code == 403


class TestWebhook:
    def test_shows_what_was_sent_and_how_it_was_answered(self, page, webhook, receiver, engineer, team):
        event = something_happens(engineer, team)
        services.replay_events(actor=webhook.created_by, subscription=webhook, since=event.at)
        receiver.answers = [said(500, body="<b>down</b>")]
        send_now(webhook)

        shown = page.get(webhook.get_absolute_url()).text
        delivery = WebhookDelivery.objects.get(event=event)
        detail = page.get(reverse("governance:delivery", args=[webhook.pk, delivery.pk])).text

        assert "policyversion.draft" in shown
        assert "500 <span" in shown
        assert "Nothing has been accepted for a while" in shown
        assert "&lt;b&gt;down&lt;/b&gt;" in detail
        assert "It answered 500." in detail

    def test_is_changed_on_its_page(self, page, webhook, receiver):
        answer = page.post(webhook.get_absolute_url(), fields(receiver, name="SIEM 2", events="*"))

        webhook.refresh_from_db()
        assert (answer.status_code, webhook.name, webhook.events) == (302, "SIEM 2", ["*"])

    def test_shows_no_button_to_who_may_only_look(self, client, approver, webhook):
        client.force_login(approver)

        shown = client.get(webhook.get_absolute_url()).text

        for name in ("ping_webhook", "switch_webhook", "rotate_webhook_secret", "delete_webhook", "replay_webhook"):
            assert reverse(f"governance:{name}", args=[webhook.pk]) not in shown

    @pytest.mark.parametrize(
        "name", ["ping_webhook", "switch_webhook", "rotate_webhook_secret", "delete_webhook", "replay_webhook"]
    )
    def test_does_nothing_for_who_may_only_look(self, client, approver, manager, webhook, name):
        for person, status in ((approver, 403), (manager, 404)):
            client.force_login(person)
            answer = client.post(reverse(f"governance:{name}", args=[webhook.pk]), {"since": "2100-01-01T00:00"})

            assert answer.status_code == (422 if (name, status) == ("replay_webhook", 403) else status)
        webhook.refresh_from_db()
        assert (webhook.is_enabled, WebhookDelivery.objects.count()) == (True, 0)

    def test_is_switched_off_and_on(self, page, webhook):
        switch = reverse("governance:switch_webhook", args=[webhook.pk])

        off = page.post(switch, {"on": "no"}, follow=True).text
        on = page.post(switch, {"on": "yes"}, follow=True).text

        assert "It is switched off" in off
        assert "It is switched off" not in on

    def test_gets_a_new_secret_once(self, page, webhook):
        answer = page.post(reverse("governance:rotate_webhook_secret", args=[webhook.pk]))

        assert answer.text.count("whsec_") >= 1
        assert "signed with the old secret as well" in answer.text

    def test_sends_a_test_and_sends_it_again(self, page, webhook, receiver):
        page.post(reverse("governance:ping_webhook", args=[webhook.pk]))
        send_now(webhook)
        delivery = WebhookDelivery.objects.get()
        page.post(reverse("governance:replay_delivery", args=[webhook.pk, delivery.pk]))
        send_now(webhook)

        assert receiver.types == ["webhook.ping", "webhook.ping"]

    def test_is_deleted(self, page, webhook):
        answer = page.post(reverse("governance:delete_webhook", args=[webhook.pk]), follow=True)

        assert "No webhooks" in answer.text
        assert WebhookSubscription.objects.count() == 0
