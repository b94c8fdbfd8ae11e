import pytest
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import ApiKey

pytestmark = pytest.mark.django_db
KEYS = "/llm-ops/v1/accounts/keys"


def client_of(user, scopes=("api",)):
    client = APIClient()
    token = services.create_api_key(actor=user, name="test", scopes=list(scopes)).token
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


class TestAuthentication:
    def test_a_key_says_who_is_calling(self, engineer, team):
        body = client_of(engineer).get("/llm-ops/v1/accounts/me").json()

        assert body["status"] == "success"
        assert body["data"]["username"] == "engineer"
        assert [(found["slug"], found["roles"]) for found in body["data"]["teams"]] == [("voc", ["engineer"])]

    @pytest.mark.parametrize("credentials", ["", "Bearer nonsense", "Bearer llmo_p_" + "0" * 36, "Bearer a b"])
    def test_without_a_good_key_nothing_is_told(self, credentials, db):
        client = APIClient()
        if credentials:
            client.credentials(HTTP_AUTHORIZATION=credentials)

        response = client.get("/llm-ops/v1/accounts/me")

        assert response.status_code == 401
        assert response.json()["data"]["code"] == "core.not_signed_in"
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_a_key_for_inference_does_not_open_the_api(self, engineer):
        response = client_of(engineer, scopes=["inference"]).get("/llm-ops/v1/accounts/me")

        assert (response.status_code, response.json()["data"]["code"]) == (403, "accounts.key_scope")

    def test_the_answer_carries_the_request_id_that_was_sent_if_it_is_sane(self, engineer):
        client = client_of(engineer)

        assert client.get(KEYS, headers={"X-Request-Id": "my-request-1"})["X-Request-Id"] == "my-request-1"
        assert client.get(KEYS, headers={"X-Request-Id": "no\tgood"})["X-Request-Id"] != "no\tgood"


class TestKeys:
    def test_are_made_listed_and_revoked_by_their_owner(self, engineer):
        client = client_of(engineer)

        made = client.post(KEYS, {"name": "ci", "scopes": ["inference"]}, format="json").json()["data"]
        client.delete(f"{KEYS}/{made['id']}")

        listed = client.get(KEYS).json()["data"]
        assert made["token"].startswith("llmo_p_")
        assert [(key["name"], key["is_live"]) for key in listed["items"]] == [("ci", False), ("test", True)]
        assert "token" not in listed["items"][0]

    def test_of_others_do_not_exist(self, engineer, viewer):
        other = services.create_api_key(actor=viewer, name="theirs", scopes=["api"]).record

        response = client_of(engineer).delete(f"{KEYS}/{other.pk}")

        assert response.status_code == 404
        assert ApiKey.objects.get(pk=other.pk).is_live

    def test_bad_input_names_the_field(self, engineer):
        response = client_of(engineer).post(KEYS, {"name": "", "scope": ["api"]}, format="json")

        assert response.status_code == 400
        assert response.json()["data"]["fields"]["scope"] == ["Unknown field. Did you mean 'scopes'?"]
