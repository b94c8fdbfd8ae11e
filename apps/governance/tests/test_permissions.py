"""Who may do what with approvals and policies. A refusal leaves nothing behind."""

import pytest
from rest_framework.test import APIClient

from apps.governance.models import Approval, ApprovalRequest, PolicyVersion, Waiver
from apps.governance.tests.conftest import SMALL
from conftest import caller

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/governance"
LARGER = {"source": SMALL.replace("most: 3", "most: 5")}

WHO_MAY = [
    ("get", "/approvals/{request}", None, {"outsider": 404, "viewer": 200, "engineer": 200, "approver": 200}),
    (
        "post",
        "/approvals/{request}/approve",
        {},
        {"outsider": 404, "viewer": 403, "engineer": 403, "reviewer": 403, "superuser": 403, "approver": 200},
    ),
    (
        "post",
        "/approvals/{request}/reject",
        {"comment": "No"},
        {"outsider": 404, "viewer": 403, "engineer": 403, "superuser": 403, "approver": 200},
    ),
    (
        "post",
        "/approvals/{request}/withdraw",
        {},
        {"outsider": 404, "viewer": 403, "approver": 403, "superuser": 403, "engineer": 200},
    ),
    ("get", "/policies/{policy}", None, {"outsider": 404, "viewer": 200, "engineer": 200}),
    (
        "put",
        "/policies/{policy}",
        LARGER,
        {"outsider": 404, "viewer": 403, "reviewer": 403, "approver": 403, "engineer": 200},
    ),
    ("post", "/policies/{policy}/test", None, {"outsider": 404, "viewer": 200}),
    ("post", "/policies/{policy}/replay", {}, {"outsider": 404, "viewer": 403, "approver": 403, "engineer": 200}),
    (
        "post",
        "/policies/{policy}/submit",
        {"reason": "Ready"},
        {"outsider": 404, "viewer": 403, "approver": 403, "engineer": 409},  # it is under review already
    ),
    ("post", "/policies/check", LARGER, {"outsider": 200, "viewer": 403, "approver": 403, "engineer": 200}),
    ("get", "/facts", None, {"outsider": 200, "viewer": 200}),
    ("get", "/waivers/{waiver}", None, {"outsider": 404, "viewer": 200, "engineer": 200}),
    ("post", "/waivers/{waiver}/submit", {}, {"outsider": 404, "viewer": 403, "approver": 403, "engineer": 200}),
    (
        "post",
        "/waivers/{granted}/revoke",
        {"reason": "Enough"},
        {"outsider": 404, "viewer": 403, "engineer": 403, "superuser": 403, "approver": 200},
    ),
    (
        "post",
        "/policies",
        {"owner_team": "voc", **LARGER},
        {"outsider": 404, "viewer": 403, "approver": 403, "engineer": 200},
    ),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.mark.usefixtures("unaudited")
@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(method, url, body, who, status, request, draft, request_open, drafted_waiver):
    client = caller(request.getfixturevalue(who))
    granted = Waiver.objects.get(pk=drafted_waiver.pk)
    granted.pk, granted.status = None, "active"
    granted.save()
    before = _left(request_open)

    address = url.format(request=request_open.pk, policy=draft.pk, waiver=drafted_waiver.pk, granted=granted.pk)
    response = getattr(client, method)(BASE + address, body, format="json")

    assert response.status_code == status, response.content
    if status >= 400:
        assert _left(request_open) == before


def _left(request_open):
    """Return what a refusal must not change."""
    request_open.refresh_from_db()
    waivers = sorted(Waiver.objects.values_list("status", flat=True))
    return Approval.objects.count(), PolicyVersion.objects.count(), request_open.status, waivers


class TestLists:
    @pytest.mark.parametrize(
        ("url", "sees"),
        [
            ("/approvals", {"outsider": 0, "viewer": 1, "approver": 1}),
            ("/approvals?mine=true", {"outsider": 0, "viewer": 0, "engineer": 0, "approver": 1}),
            ("/audit/logs", {"outsider": 0, "approver": 3}),
            ("/policies", {"outsider": 0, "viewer": 1}),
        ],
    )
    def test_show_what_may_be_seen_and_nothing_else(self, url, sees, request, draft, request_open):
        for who, count in sees.items():
            client = APIClient()
            client.force_authenticate(request.getfixturevalue(who))

            assert len(client.get(BASE + url).json()["data"]["items"]) == count, who

    @pytest.mark.usefixtures("unaudited")
    def test_cost_the_same_at_ten_rows_and_at_a_thousand(
        self, approver, draft, request_open, django_assert_max_num_queries
    ):
        client = APIClient()
        client.force_authenticate(approver)
        copies = [
            ApprovalRequest(
                subject_type=request_open.subject_type,
                subject_id=ApprovalRequest().id,
                subject_label=f"policy {number}",
                owner_team=request_open.owner_team,
                transition="approve",
                digest="sha256:x",
                manifest={},
                reason="",
                requester=request_open.requester,
            )
            for number in range(1000)
        ]
        ApprovalRequest.objects.bulk_create(copies)

        with django_assert_max_num_queries(3):
            body = client.get(f"{BASE}/approvals?limit=500").json()["data"]

        assert (len(body["items"]), body["total"]) == (500, 1001)
