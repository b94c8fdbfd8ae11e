"""Who may do what in evaluation: every method and URL."""

import pytest

from apps.accounts.permissions import Role
from apps.evaluation import services
from conftest import hold

BASE = "/llm-ops/v1/evaluation"
READ = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200, "nobody": 401}
WRITE = {"outsider": 404, "viewer": 403, "engineer": 200, "reviewer": 403, "approver": 403, "nobody": 401}
REVIEW = {"outsider": 404, "viewer": 403, "engineer": 403, "reviewer": 200, "approver": 403, "nobody": 401}
EVERYBODY = READ | {"outsider": 200}
WHO_MAY = [
    ("get", f"{BASE}/runs", EVERYBODY),
    ("post", f"{BASE}/runs", WRITE),
    ("get", f"{BASE}/runs/{{run}}", READ),
    # It has ended, which who may cancel is told.
    ("delete", f"{BASE}/runs/{{run}}", WRITE | {"engineer": 409}),
    ("get", f"{BASE}/runs/{{run}}/samples", READ),
    ("get", f"{BASE}/runs/{{run}}/export?format=csv", READ),
    ("get", f"{BASE}/runs/compare?ids={{run}},{{other}}", READ),
    ("get", f"{BASE}/runs/{{run}}/campaigns", READ),
    ("post", f"{BASE}/runs/{{run}}/campaigns", WRITE),
    ("get", f"{BASE}/queue", EVERYBODY),
    # An outsider reviews elsewhere, and finds nothing of this team in the queue.
    ("post", f"{BASE}/queue/claim", REVIEW | {"outsider": 200}),
    ("post", f"{BASE}/runs/{{run}}/human-review", REVIEW),
    ("post", f"{BASE}/queue/tasks/{{task}}/release", REVIEW),
]


@pytest.mark.parametrize("row", WHO_MAY, ids=lambda row: f"{row[0]} {row[1]}")
def test_who_may(request, client_of, campaign, row):
    method, url, expected = row
    run = campaign.run
    other = services.start_run(actor=run.created_by, model=run.model_version, dataset=run.dataset)
    type(other).objects.filter(pk=other.pk).update(status="succeeded", results=run.results)
    task = services.claim_task(actor=request.getfixturevalue("reviewer"))
    bodies = {
        f"{BASE}/runs": {"model_id": str(run.model_version_id), "dataset_id": str(run.dataset_id)},
        f"{BASE}/runs/{{run}}/campaigns": {"sample_size": 1},
        f"{BASE}/runs/{{run}}/human-review": {"task_id": str(task.pk), "acceptable": True},
    }
    address = url.format(run=run.pk, other=other.pk, task=task.pk)

    found = {
        who: getattr(client_of(request.getfixturevalue(who) if who != "nobody" else None), method)(
            address, bodies.get(url, {}) if method == "post" else None, format="json"
        ).status_code
        for who in expected
    }

    assert found == expected


def test_an_outsider_sees_no_run_in_the_list(client_of, outsider, run):
    assert client_of(outsider).get(f"{BASE}/runs").json()["data"]["items"] == []


def test_who_had_a_part_may_not_review_though_a_reviewer(client_of, engineer, team, campaign):
    hold(engineer, team, Role.REVIEWER)
    body = {"task_id": str(campaign.tasks.first().pk), "acceptable": True}

    response = client_of(engineer).post(f"{BASE}/runs/{campaign.run_id}/human-review", body, format="json")

    assert (response.status_code, response.json()["data"]["code"]) == (403, "evaluation.own_work")
