"""Who may do what with dataset versions: one row per method and URL. A refusal leaves nothing behind."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from apps.datasets.models import DatasetVersion, ValidationReport
from apps.datasets.tests import factories
from conftest import caller

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/catalog/datasets"
NEW = {"name": "new", "type": "sft_pair", "owner_team": "voc"}
SUBMIT = {"status": "under_review", "reason": "Ready"}
READERS = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200}
EDITORS = {"outsider": 404, "viewer": 403, "reviewer": 403, "approver": 403, "engineer": 200, "manager": 200}
APPROVERS = {"outsider": 404, "viewer": 403, "engineer": 403, "reviewer": 403, "superuser": 403, "approver": 200}
SENDERS_BACK = {"outsider": 404, "viewer": 403, "reviewer": 403, "engineer": 200, "approver": 200}

WHO_MAY = [
    ("get", "", None, {"outsider": 200, "viewer": 200}),
    ("post", "", NEW, EDITORS),
    ("get", "/{draft}", None, READERS),
    ("patch", "/{draft}", {"license": "MIT"}, EDITORS),
    ("delete", "/{draft}", None, EDITORS),
    ("post", "/{draft}/upload", "file", EDITORS),
    ("get", "/{draft}/file", None, READERS),
    ("get", "/{draft}/preview", None, READERS),
    ("get", "/{draft}/validation", None, READERS),
    ("post", "/{draft}/clean", {}, EDITORS),
    ("patch", "/{draft}/status", SUBMIT, EDITORS),
    ("patch", "/{review}/status", {"status": "approved", "reason": "Good"}, APPROVERS),
    ("patch", "/{review}/status", {"status": "draft", "reason": "Not yet"}, SENDERS_BACK),
    ("get", "/{draft}/versions", None, READERS),
    ("get", "/{draft}/versions/1/compare/1", None, READERS),
    ("get", "/{draft}/lineage", None, READERS),
    ("get", "/{draft}/card", None, READERS),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.fixture
def draft(engineer, team) -> DatasetVersion:
    return factories.with_file(engineer, team, name="draft")


@pytest.fixture
def review(engineer, team) -> DatasetVersion:
    return factories.under_review(engineer, team, name="review")


def everything() -> list[object]:
    versions = DatasetVersion.objects.order_by("pk").values_list("pk", "status", "license", "sha256")
    return [*versions, ValidationReport.objects.count()]


@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(request, draft, review, *, method, url, body, who, status):
    client = caller(request.getfixturevalue(who))
    before = everything()
    address = BASE + url.format(draft=draft.pk, review=review.pk)

    if body == "file":
        file = SimpleUploadedFile("x.jsonl", factories.jsonl([{"prompt": "a question", "response": "an answer"}]))
        response = client.post(address, {"file": file}, format="multipart")
    else:
        response = getattr(client, method)(address, body, format="json")

    assert response.status_code == status, response.content
    if status >= 400:
        assert everything() == before


def test_nobody_gets_in_without_credentials(draft):
    assert APIClient().get(f"{BASE}/{draft.pk}").status_code == 401
