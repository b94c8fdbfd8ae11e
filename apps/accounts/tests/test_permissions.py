"""Who may do what with keys: one row per method and URL. A key is its owner's; a refusal leaves nothing behind."""

import pytest
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import ApiKey

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/accounts"
NEW = {"name": "ci", "scopes": ["inference"]}
EVERYBODY = {"stranger": 401, "outsider": 200, "viewer": 200, "engineer": 200, "manager": 200, "superuser": 200}
OWNER_OR_SUPERUSER = {
    "stranger": 401,
    "outsider": 404,
    "viewer": 404,
    "manager": 404,
    "engineer": 200,
    "superuser": 200,
}

WHO_MAY = [
    ("get", "/me", None, EVERYBODY),
    ("get", "/keys", None, EVERYBODY),
    ("post", "/keys", NEW, EVERYBODY),
    ("delete", "/keys/{engineers}", None, OWNER_OR_SUPERUSER),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.fixture
def engineers(engineer) -> ApiKey:
    return services.create_api_key(actor=engineer, name="notebook", scopes=["api"]).record


@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(request, engineers, *, method, url, body, who, status):
    client = APIClient()
    if who != "stranger":
        client.force_authenticate(request.getfixturevalue(who))
    before = list(ApiKey.objects.values_list("pk", "revoked_at"))

    response = getattr(client, method)(BASE + url.format(engineers=engineers.pk), body, format="json")

    assert response.status_code == status, response.content
    if status >= 400:
        assert list(ApiKey.objects.values_list("pk", "revoked_at")) == before
