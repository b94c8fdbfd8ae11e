"""Who may do what in serving: every method and URL."""

import pytest
from django.db import transaction
from django.test import Client

from apps.prompts.tests.factories import prompt_version
from apps.serving.models import Endpoint, Server

BASE = "/llm-ops/v1/serving/endpoints"
NEW = {"model_ref": "{model}", "owner_team": "voc", "route_name": "another", "environment": "dev"}
READ = {
    "outsider": 404,
    "viewer": 200,
    "engineer": 200,
    "reviewer": 200,
    "approver": 200,
    "manager": 200,
    "nobody": 401,
}
WRITE = READ | {"viewer": 403, "reviewer": 403, "approver": 403}
WHO_MAY = [
    ("get", BASE, None, READ | {"outsider": 200}),
    ("post", BASE, NEW, WRITE),
    ("post", f"{BASE}/render", NEW, WRITE),
    ("get", f"{BASE}/{{id}}", None, READ),
    ("patch", f"{BASE}/{{id}}", {"scaling": {"target": 3}}, WRITE),
    ("delete", f"{BASE}/{{id}}", None, WRITE | {"engineer": 403}),
    ("post", f"{BASE}/{{id}}/rollback", {"revision": 1}, WRITE),
    ("post", f"{BASE}/{{id}}/redeploy", {}, WRITE),
    ("post", f"{BASE}/{{id}}/promote", {"route_name": "voc-stg"}, WRITE),
    ("post", f"{BASE}/{{id}}/pause", {}, WRITE),
]


@pytest.mark.parametrize("row", WHO_MAY, ids=lambda row: f"{row[0]} {row[1]}")
def test_who_may(request, client_of, endpoint_with_two, row):
    method, url, body, expected = row
    if body and "model_ref" in body:
        body = body | {"model_ref": str(endpoint_with_two.revision.model_version_id)}

    def status_for(who):
        person = None if who == "nobody" else request.getfixturevalue(who)
        call = getattr(client_of(person), method)
        return call(url.format(id=endpoint_with_two.pk), body, format="json").status_code

    assert {who: undone(status_for, who, endpoint_with_two) for who in expected} == expected


PAGES = "/serving"
REASON = {"reason": "Because"}
OPEN = READ | {"outsider": 200, "nobody": 302}
SEEN = READ | {"nobody": 302}
DONE = {
    "outsider": 404,
    "viewer": 422,
    "engineer": 302,
    "reviewer": 422,
    "approver": 422,
    "manager": 302,
    "nobody": 302,
}
WHO_MAY_ON_PAGES = [
    ("get", f"{PAGES}/", None, OPEN),
    ("get", f"{PAGES}/deploy", None, OPEN | {"viewer": 403, "reviewer": 403, "approver": 403}),
    ("get", f"{PAGES}/{{id}}/", None, SEEN),
    ("get", f"{PAGES}/{{id}}/live", None, SEEN),
    ("get", f"{PAGES}/{{id}}/servers/{{server}}/log", None, SEEN),
    ("post", f"{PAGES}/{{id}}/redeploy", REASON, DONE),
    ("post", f"{PAGES}/{{id}}/prompt", REASON | {"prompt": "{prompt}"}, DONE),
    ("post", f"{PAGES}/{{id}}/rollback", REASON | {"number": 1}, DONE),
    ("post", f"{PAGES}/{{id}}/promote", REASON | {"route_name": "voc-stg", "environment": "stg"}, DONE),
    ("post", f"{PAGES}/{{id}}/pause", REASON, DONE),
    ("post", f"{PAGES}/{{id}}/delete", REASON, DONE | {"engineer": 422}),
]


@pytest.mark.parametrize("row", WHO_MAY_ON_PAGES, ids=lambda row: f"{row[0]} {row[1]}")
def test_who_may_on_pages(request, engineer, endpoint_with_two, row):
    method, url, body, expected = row
    ended = Server.objects.create(
        endpoint=endpoint_with_two, revision=endpoint_with_two.revision, digest="", status="ended"
    )
    if body and "prompt" in body:
        body = body | {"prompt": prompt_version(engineer, endpoint_with_two.owner_team).pk}

    def status_for(who):
        client = Client()
        if who != "nobody":
            client.force_login(request.getfixturevalue(who))
        return getattr(client, method)(url.format(id=endpoint_with_two.pk, server=ended.pk), body).status_code

    assert {who: undone(status_for, who, endpoint_with_two) for who in expected} == expected


def undone(status_for, who, endpoint):
    """Return what somebody gets, and undo what it did; of a refusal nothing must be left."""
    before = transaction.savepoint()
    try:
        status = status_for(who)
        if status >= 400 or who == "nobody":
            now = Endpoint.objects.get()
            assert (now.revision_id, now.wanted) == (endpoint.revision_id, "serve")
        return status
    finally:
        transaction.savepoint_rollback(before)
