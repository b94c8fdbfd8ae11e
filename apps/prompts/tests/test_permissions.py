"""Who may do what in prompts: every method and URL."""

import pytest
from django.db import transaction
from django.test import Client

BASE = "/llm-ops/v1/prompts/templates"
NEW = {"name": "another", "owner_team": "voc", "user": "Hello"}
READ = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200, "nobody": 401}
WRITE = {"outsider": 404, "viewer": 403, "engineer": 200, "reviewer": 403, "approver": 403, "nobody": 401}
WHO_MAY = [
    ("get", BASE, None, READ | {"outsider": 200}),
    ("post", BASE, NEW, WRITE),
    ("get", f"{BASE}/{{id}}", None, READ),
    ("post", f"{BASE}/{{id}}/versions", {"user": "Changed"}, WRITE),
    ("get", f"{BASE}/{{id}}/versions/1/compare/2", None, READ),
    ("post", f"{BASE}/{{id}}/rollback", {}, WRITE),
    ("post", f"{BASE}/{{id}}/render", {}, READ),
]


@pytest.mark.parametrize("row", WHO_MAY, ids=lambda row: f"{row[0]} {row[1]}")
def test_who_may(request, client_of, template_with_two, row):
    method, url, body, expected = row

    def status_for(who):
        person = None if who == "nobody" else request.getfixturevalue(who)
        call = getattr(client_of(person), method)
        return call(url.format(id=template_with_two.pk), body, format="json").status_code

    assert {who: undone(status_for, who) for who in expected} == expected


PAGES = "/prompts"
SIGN_IN = {"nobody": 302}
OPEN = READ | {"outsider": 200} | SIGN_IN
SEEN = READ | SIGN_IN
SHUT = {"viewer": 403, "reviewer": 403, "approver": 403}
EDITED = {"outsider": 404, "viewer": 403, "engineer": 302, "reviewer": 403, "approver": 403} | SIGN_IN
WHO_MAY_ON_PAGES = [
    ("get", f"{PAGES}/", None, OPEN),
    ("get", f"{PAGES}/new", None, OPEN | SHUT),
    ("post", f"{PAGES}/preview", {"user": "Hi"}, OPEN),
    ("get", f"{PAGES}/{{id}}/", None, SEEN),
    ("get", f"{PAGES}/{{id}}/edit", None, SEEN | SHUT),
    ("post", f"{PAGES}/{{id}}/edit", {"user": "Changed"}, EDITED),
    ("get", f"{PAGES}/{{id}}/compare", None, SEEN),
    ("post", f"{PAGES}/{{id}}/rollback", {"version": 1}, EDITED | {"viewer": 422, "reviewer": 422, "approver": 422}),
]


@pytest.mark.parametrize("row", WHO_MAY_ON_PAGES, ids=lambda row: f"{row[0]} {row[1]}")
def test_who_may_on_pages(request, template_with_two, row):
    method, url, body, expected = row

    def status_for(who):
        client = Client()
        if who != "nobody":
            client.force_login(request.getfixturevalue(who))
        status = getattr(client, method)(url.format(id=template_with_two.pk), body).status_code
        changed = template_with_two.versions.count() - 2
        assert changed == (1 if who == "engineer" and status == 302 else 0)
        return status

    assert {who: undone(status_for, who) for who in expected} == expected


def undone(status_for, who):
    """Return what somebody gets, and undo what it did, so that the next one finds what the first one found."""
    before = transaction.savepoint()
    try:
        return status_for(who)
    finally:
        transaction.savepoint_rollback(before)
