"""Webhooks and notices as a person meets them, with something in them."""

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import expect

from apps.accounts.permissions import Role
from apps.governance import services
from apps.governance.models import Notice, WebhookDelivery
from conftest import member
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = {"desktop": {"viewport": DESKTOP, "theme": "light"}, "phone": {"viewport": PHONE, "theme": "dark"}}


@pytest.fixture
def keeper(team):
    return member(team, "keeper", Role.MANAGER, Role.AUDITOR)


@pytest.fixture
def webhook(keeper, team):
    given = {
        "name": "SIEM",
        "url": "https://hooks.example.com/in",
        "events": ["approvalrequest.*", "policyversion.draft"],
    }
    made = services.create_webhook(actor=keeper, team=team, **given).subscription
    services.ping_webhook(actor=keeper, subscription=made)
    WebhookDelivery.objects.update(attempts=2, answer_status=500, answer_ms=41, trouble="It answered 500.")
    return made


@pytest.fixture
def told(keeper):
    with transaction.atomic():
        services.notify(users=[keeper], kind="break_glass.used", title="A move was made in an emergency", url="/")
        services.notify(
            users=[keeper], kind="webhook.disabled", title="The webhook 'SIEM' was switched off", body="Why"
        )


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
class TestPages:
    def test_are_accessible_and_fit_their_window(self, open_page, findings_of, keeper, webhook, told, look):
        delivery = WebhookDelivery.objects.get()
        page = open_page(webhook.get_absolute_url(), user=keeper, **look)
        addresses = [
            webhook.get_absolute_url(),
            reverse("governance:delivery", args=[webhook.pk, delivery.pk]),
            reverse("governance:webhooks"),
            reverse("governance:new_webhook"),
            reverse("governance:notices"),
        ]
        findings = {}
        for address in addresses:
            assert page.goto(address).status == 200
            findings[address] = findings_of(page)
            if page.evaluate("document.documentElement.scrollWidth") > look["viewport"]["width"]:
                findings[address].append("scrolls sideways")

        assert {address: found for address, found in findings.items() if found} == {}


class TestNewWebhook:
    def test_shows_its_secret_once(self, open_page, findings_of, keeper):
        page = open_page(reverse("governance:new_webhook"), user=keeper)
        page.get_by_label("Name").fill("SIEM")
        page.get_by_label("URL").fill("https://hooks.example.com/in")
        page.get_by_role("button", name="Add it").click()

        expect(page.get_by_text("Keep this secret now")).to_be_visible()
        assert findings_of(page) == []
        secret = page.locator(".alert code").first.inner_text()
        page.get_by_role("link", name="I have kept it: go on").click()
        expect(page.get_by_text("Nothing was sent yet")).to_be_visible()
        assert secret.startswith("whsec_")
        assert secret not in page.content()


class TestNotices:
    def test_are_counted_by_the_bell_until_they_are_opened(self, open_page, keeper, told):
        page = open_page(reverse("governance:notices"), user=keeper)
        bell = page.locator("nav a", has_text="Notices")
        expect(bell).to_contain_text("2")

        page.get_by_role("button", name="Open: A move was made in an emergency").click()

        page.wait_for_url("/")
        expect(bell).to_contain_text("1")
        assert Notice.objects.filter(read_at__isnull=False).count() == 1
