"""Who may do what in training: every method and URL."""

import pytest

BASE = "/llm-ops/v1/training/jobs"
READ = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200, "nobody": 401}
WRITE = {"outsider": 404, "viewer": 403, "engineer": 200, "reviewer": 403, "approver": 403, "nobody": 401}
WHO_MAY = [
    ("get", BASE, READ | {"outsider": 200}),
    ("post", BASE, WRITE),
    ("post", f"{BASE}/validate", WRITE),
    ("post", f"{BASE}/render", WRITE),
    ("get", f"{BASE}/{{id}}", READ),
    ("delete", f"{BASE}/{{id}}", WRITE),
    ("get", f"{BASE}/{{id}}/logs", READ),
    # It has not ended, so it cannot be retried: who gets as far as this may.
    ("post", f"{BASE}/{{id}}/retry", WRITE | {"engineer": 409}),
]


@pytest.mark.parametrize("row", WHO_MAY, ids=lambda row: f"{row[0]} {row[1]}")
@pytest.mark.parametrize("who", READ)
def test_who_may(request, client_of, queued, spec, row, who):
    method, url, expected = row
    person = None if who == "nobody" else request.getfixturevalue(who)
    body = spec | {"owner_team": "voc"} if method == "post" else None

    response = getattr(client_of(person), method)(url.format(id=queued.pk), body, format="json")

    assert response.status_code == expected[who], response.content


def test_an_outsider_sees_no_job_in_the_list(client_of, outsider, queued):
    assert client_of(outsider).get(BASE).json()["data"]["items"] == []
