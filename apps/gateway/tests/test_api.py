"""The record of a request, as the portal's API shows it."""

import pytest
from rest_framework.test import APIClient

from apps.telemetry.tests.factories import shipped

pytestmark = pytest.mark.django_db
PATH = "/llm-ops/v1/serve/requests"


@pytest.fixture
def client_of():
    def signed_in(person):
        client = APIClient()
        client.force_authenticate(person)
        return client

    return signed_in


class TestRequestDetail:
    def test_shows_route_tokens_cost_and_decisions(self, client_of, viewer, team, tmp_path):
        decisions = [{"check": "budget", "passed": True, "detail": "0.45 USD were held back."}]
        (event,) = shipped(tmp_path, {"team_id": team.pk, "decisions": decisions, "model": "voc 3"})

        data = client_of(viewer).get(f"{PATH}/{event.id}").json()["data"]

        assert (data["id"], data["route"], data["model"], data["owner_team"]) == (
            str(event.id),
            "assistant",
            "voc 3",
            "voc",
        )
        assert (data["prompt_tokens"], data["cost_usd"], data["outcome"]) == (10, "0.000012000", "ok")
        assert data["decisions"] == decisions
        assert data["content"] is None
        assert data["provenance"] == f"{PATH}/{event.id}/provenance"

    def test_finds_it_by_the_callers_own_id_too(self, client_of, viewer, team, tmp_path):
        (event,) = shipped(tmp_path, {"team_id": team.pk, "client_request_id": "order-4711"})

        assert client_of(viewer).get(f"{PATH}/order-4711").json()["data"]["id"] == str(event.id)

    def test_whoever_called_sees_it_too(self, client_of, outsider, team, tmp_path):
        mine, theirs = shipped(tmp_path, {"team_id": team.pk, "user_id": outsider.pk}, {"team_id": team.pk})

        client = client_of(outsider)

        assert client.get(f"{PATH}/{mine.id}").status_code == 200
        assert client.get(f"{PATH}/{theirs.id}").status_code == 404

    @pytest.mark.parametrize(
        "unknown", ["01900000-0000-7000-8000-000000000000", "00000000-0000-4000-8000-000000000000", "no-such-request"]
    )
    def test_says_that_it_may_still_be_on_its_way(self, client_of, viewer, unknown):
        response = client_of(viewer).get(f"{PATH}/{unknown}")

        assert response.status_code == 404
        assert "a few seconds" in response.json()["message"]


class TestRequests:
    def test_lists_newest_first_in_pages(self, client_of, viewer, team, tmp_path):
        events = shipped(tmp_path, *({"team_id": team.pk} for _ in range(5)))
        newest_first = [str(event.id) for event in reversed(events)]
        client = client_of(viewer)

        first = client.get(f"{PATH}?limit=3").json()["data"]
        second = client.get(f"{PATH}?limit=3&cursor={first['next']}").json()["data"]

        assert [row["id"] for row in first["items"] + second["items"]] == newest_first
        assert (first["total"], second["next"]) == (5, None)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("route=other", 1),
            ("outcome=refused", 1),
            ("owner_team=voc", 3),
            ("owner_team=logistics", 0),
            ("user=engineer", 1),
            ("surface=serve", 0),
            ("since=2020-01-01T00:00:00Z", 3),
            ("until=2020-01-01T00:00:00Z", 0),
        ],
    )
    def test_filters(self, client_of, viewer, engineer, team, tmp_path, *, query, found):
        more = [{"route": "other"}, {"outcome": "refused"}, {"user_id": engineer.pk}]
        shipped(tmp_path, *({"team_id": team.pk, **given} for given in more))

        assert len(client_of(viewer).get(f"{PATH}?{query}").json()["data"]["items"]) == found

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=501",
            "cursor=x",
            "outcome=lost",
            "colour=red",
            "since=2026-02-02T00:00Z&until=2026-01-01T00:00Z",
        ],
    )
    def test_refuses_what_it_cannot_filter_by(self, client_of, viewer, query):
        assert client_of(viewer).get(f"{PATH}?{query}").status_code == 400

    @pytest.mark.parametrize("rows", [10, 1000])
    def test_takes_as_many_queries_for_many_as_for_few(
        self, client_of, viewer, team, tmp_path, *, rows, django_assert_max_num_queries
    ):
        shipped(tmp_path, *({"team_id": team.pk, "user_id": viewer.pk} for _ in range(rows)))
        client = client_of(viewer)

        with django_assert_max_num_queries(2):
            assert len(client.get(f"{PATH}?limit=10").json()["data"]["items"]) == 10


WHO_MAY = [
    ("get", PATH, {"outsider": 200, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200}),
    ("get", f"{PATH}/{{id}}", {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200}),
]


class TestPermissions:
    @pytest.mark.parametrize(("method", "path", "answers"), WHO_MAY)
    def test_who_may(self, client_of, team, tmp_path, request, *, method, path, answers):
        (event,) = shipped(tmp_path, {"team_id": team.pk})

        found = {
            who: getattr(client_of(request.getfixturevalue(who)), method)(path.format(id=event.id)).status_code
            for who in answers
        }

        assert found == answers

    def test_an_outsiders_list_is_empty(self, client_of, outsider, team, tmp_path):
        shipped(tmp_path, {"team_id": team.pk})

        assert client_of(outsider).get(PATH).json()["data"]["items"] == []

    @pytest.mark.parametrize("path", [PATH, f"{PATH}/01900000-0000-7000-8000-000000000000"])
    def test_a_stranger_sees_nothing(self, path):
        assert APIClient().get(path).status_code == 401
