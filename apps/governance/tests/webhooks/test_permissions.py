"""Who may do what with webhooks. A refusal leaves nothing behind."""

import pytest
from rest_framework.test import APIClient

from apps.accounts.permissions import Role
from apps.governance import services
from apps.governance.models import AuditEvent, WebhookDelivery, WebhookSubscription
from apps.governance.tests.webhooks.conftest import HOST, something_happens
from conftest import lose

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/governance/webhooks"
URL = "https://hooks.example.com/new"
NEW = {"owner_team": "voc", "name": "new", "url": URL, "events": ["*"]}

# Seeing needs the right to read the trail; changing needs to manage the team as well.
SEE = {
    "outsider": 404,
    "viewer": 404,
    "engineer": 404,
    "manager": 404,
    "approver": 200,
    "superuser": 200,
    "keeper": 200,
}
KEEP = {**SEE, "approver": 403}
WHO_MAY = [
    ("get", "/{webhook}", None, SEE),
    ("get", "/{webhook}/deliveries", None, SEE),
    ("patch", "/{webhook}", {"name": "renamed"}, KEEP),
    ("delete", "/{webhook}", None, KEEP),
    ("post", "/{webhook}/rotate-secret", None, KEEP),
    ("post", "/{webhook}/ping", None, KEEP),
    ("post", "/{webhook}/replay", {"since": "2100-01-01T00:00:00Z"}, KEEP),
    ("post", "/{webhook}/deliveries/{delivery}/replay", None, KEEP),
    (
        "post",
        "",
        NEW,
        {
            "outsider": 404,
            "viewer": 403,
            "engineer": 403,
            "manager": 403,
            "approver": 403,
            "superuser": 200,
            "keeper": 200,
        },
    ),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.fixture
def delivery(webhook, keeper):
    return services.ping_webhook(actor=keeper, subscription=webhook)


@pytest.fixture
def client_of(settings):
    def signed_in(user):
        settings.EGRESS = {**settings.EGRESS, "ports": [443]}
        client = APIClient()
        client.force_authenticate(user)
        return client

    return signed_in


def state():
    return (
        list(WebhookSubscription.objects.values_list("name", "secret", "is_enabled")),
        list(WebhookDelivery.objects.values_list("pk", "status")),
        AuditEvent.objects.count(),
    )


@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(method, url, body, who, status, request, webhook, delivery, client_of):
    client = client_of(request.getfixturevalue(who))
    before = state()

    response = getattr(client, method)(BASE + url.format(webhook=webhook.pk, delivery=delivery.pk), body, format="json")

    assert response.status_code == status, response.content
    if status >= 400:
        assert state() == before
    elif method != "get":
        assert AuditEvent.objects.count() == before[2] + 1


class TestLists:
    def test_show_what_may_be_seen_and_nothing_else(self, webhook, request, client_of):
        for who, count in {"outsider": 0, "viewer": 0, "manager": 0, "approver": 1, "keeper": 1}.items():
            body = client_of(request.getfixturevalue(who)).get(BASE).json()["data"]

            assert len(body["items"]) == count, who


class TestSecret:
    def test_is_in_the_answer_that_made_it_and_in_no_other(self, keeper, client_of, receiver, engineer, team):
        client = client_of(keeper)
        made = client.post(BASE, NEW, format="json").json()
        webhook = made["data"]["id"]
        secret = made["data"]["secret"]
        something_happens(engineer, team)
        answers = [
            client.get(BASE),
            client.get(f"{BASE}/{webhook}"),
            client.patch(f"{BASE}/{webhook}", {"name": "x"}, format="json"),
            client.get(f"{BASE}/{webhook}/deliveries"),
            client.get("/llm-ops/v1/governance/audit/logs"),
        ]

        assert secret.startswith("whsec_")
        assert made["message"] == "Keep the secret: it is not shown again."
        assert not [answer for answer in answers if secret in answer.content.decode()]
        assert not [answer for answer in answers if WebhookSubscription.objects.get().secret in answer.content.decode()]

    def test_is_not_kept_for_an_idempotency_key(self, keeper, client_of, receiver):
        client = client_of(keeper)
        first = client.post(BASE, NEW, format="json", headers={"Idempotency-Key": "a-key-of-mine"})
        again = client.post(BASE, NEW, format="json", headers={"Idempotency-Key": "a-key-of-mine"})

        assert (first.status_code, again.status_code) == (200, 409)


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"url": "https://10.0.0.1/"}, "url"),
            ({"url": f"https://{HOST}:22/"}, "url"),
            ({"events": ["model"]}, "events"),
            ({"events": []}, "events"),
            ({"secret": "whsec_x"}, "secret"),
        ],
    )
    def test_name_the_field(self, keeper, client_of, receiver, body, field):
        answer = client_of(keeper).post(BASE, {**NEW, **body}, format="json")

        assert answer.status_code == 400
        assert list(answer.json()["data"]["fields"]) == [field]


class TestARoleThatIsLost:
    def test_leaves_the_webhook_to_the_team(self, keeper, webhook, client_of):
        lose(user=keeper, role=Role.AUDITOR)

        assert client_of(keeper).get(f"{BASE}/{webhook.pk}").status_code == 404
        assert WebhookSubscription.objects.get().is_enabled
