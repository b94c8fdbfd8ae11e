"""Who may do what with model versions: one row per method and URL. A refusal leaves nothing behind."""

import pytest
from rest_framework.test import APIClient

from apps.catalog.models import ModelFile, ModelVersion
from apps.catalog.tests import factories
from conftest import caller

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/catalog/models"
NEW = {"name": "new", "type": "base", "model_family": "llama", "owner_team": "voc"}
SUBMIT = {"status": "under_review", "reason": "Ready"}
READERS = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200}
APPROVERS = {"outsider": 404, "viewer": 403, "engineer": 403, "reviewer": 403, "superuser": 403, "approver": 200}
SENDERS_BACK = {"outsider": 404, "viewer": 403, "reviewer": 403, "engineer": 200, "approver": 200}
EDITORS = {"outsider": 404, "viewer": 403, "reviewer": 403, "approver": 403, "engineer": 200, "manager": 200}

WHO_MAY = [
    ("get", "", None, {"outsider": 200, "viewer": 200}),
    ("post", "", NEW, EDITORS),
    ("get", "/{draft}", None, READERS),
    ("patch", "/{draft}", {"license": "MIT"}, EDITORS),
    ("delete", "/{draft}", None, EDITORS),
    ("post", "/{draft}/upload", "files", EDITORS),
    ("get", "/{draft}/files", None, READERS),
    ("get", "/{draft}/files/config.json", None, READERS),
    ("delete", "/{draft}/files/config.json", None, EDITORS),
    ("patch", "/{draft}/status", SUBMIT, EDITORS),
    ("get", "/{draft}/versions", None, READERS),
    ("post", "/{review}/versions/1/approve", {}, APPROVERS),
    ("patch", "/{review}/status", {"status": "approved", "reason": "Good"}, APPROVERS),
    ("patch", "/{review}/status", {"status": "draft", "reason": "Not yet"}, SENDERS_BACK),
    ("get", "/{draft}/versions/1/compare/1", None, READERS),
    ("get", "/{draft}/lineage", None, READERS),
    ("get", "/{draft}/card", None, READERS),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.fixture
def draft(engineer, team, tmp_path) -> ModelVersion:
    return factories.with_files(engineer, team, tmp_path / "draft", name="draft")


@pytest.fixture
def review(engineer, team, tmp_path) -> ModelVersion:
    return factories.under_review(engineer, team, tmp_path / "review", name="review")


def everything() -> list[object]:
    return [
        *ModelVersion.objects.order_by("pk").values_list("pk", "status", "license", "digest"),
        *ModelFile.objects.order_by("pk").values_list("pk", "sha256"),
    ]


@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(request, draft, review, tmp_path, *, method, url, body, who, status):
    client = caller(request.getfixturevalue(who))
    before = everything()
    address = BASE + url.format(draft=draft.pk, review=review.pk)

    if body == "files":
        (path,) = factories.files_in(tmp_path, generation_config__json={"a": 1}).values()
        with path.open("rb") as file:
            response = client.post(address, {"generation_config.json": file}, format="multipart")
    else:
        response = getattr(client, method)(address, body, format="json")

    assert response.status_code == status, response.content
    if status >= 400:
        assert everything() == before


def test_nobody_gets_in_without_credentials(draft):
    assert APIClient().get(f"{BASE}/{draft.pk}").status_code == 401
