"""Who decides for others gives the password again in a browser, or uses an API key that was made for that."""

import pytest
from rest_framework.test import APIClient

from apps.accounts import credentials
from apps.accounts.services import create_api_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def approve(request_open):
    """Return a function that approves the open request over the API with some client."""
    url = f"/llm-ops/v1/governance/approvals/{request_open.pk}/approve"
    return lambda client: client.post(url, {}, content_type="application/json")


def key_client(user, *scopes):
    client = APIClient()
    token = create_api_key(actor=user, name="test", scopes=list(scopes)).token
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def age(client, seconds=credentials.CONFIRMED_FOR_S + 1):
    """Let time pass since the person signed in."""
    session = client.session
    session["accounts.confirmed_at"] -= seconds
    session.save()


class TestVerdictsInABrowser:
    def test_go_through_right_after_signing_in(self, client, approver, approve):
        client.force_login(approver)

        assert approve(client).status_code == 200

    def test_ask_for_the_password_later_on(self, client, approver, approve, request_open):
        client.force_login(approver)
        age(client)

        answer = approve(client)

        assert (answer.status_code, answer.json()["data"]["code"]) == (403, "accounts.confirmation_needed")
        request_open.refresh_from_db()
        assert request_open.is_open
        assert not request_open.approvals.exists()


class TestVerdictsWithAKey:
    def test_need_a_key_that_was_made_for_them(self, approver, approve, request_open):
        refused = key_client(approver, "api").post(
            f"/llm-ops/v1/governance/approvals/{request_open.pk}/approve", {}, format="json"
        )

        assert (refused.status_code, refused.json()["data"]["code"]) == (403, "accounts.key_scope")
        assert not request_open.approvals.exists()

    def test_say_so_on_the_approval(self, approver, request_open):
        key_client(approver, "api", "approve").post(
            f"/llm-ops/v1/governance/approvals/{request_open.pk}/approve", {}, format="json"
        )

        assert request_open.approvals.get().credential == "api_key"
