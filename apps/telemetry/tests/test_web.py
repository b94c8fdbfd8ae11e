"""Pages of requests."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.telemetry.models import RequestEvent
from apps.telemetry.selectors import requests_by_hour, traffic, visible_events
from apps.telemetry.tests.factories import shipped

pytestmark = pytest.mark.django_db
LIST = "/requests/"
NEVER = "ffffffff-ffff-7fff-8fff-ffffffffffff"


@pytest.fixture
def page_of(client):
    """Return a function from a person and an address to the answer."""

    def get(person, path):
        client.force_login(person)
        return client.get(path)

    return get


class TestRequests:
    def test_lists_requests_of_the_persons_teams_with_what_they_add_up_to(self, page_of, viewer, team, tmp_path):
        failed = {"team_id": team.pk, "outcome": "cut", "latency_ms": 9000}
        shipped(tmp_path, {"team_id": team.pk}, failed, {"team_id": None, "route": "theirs"})

        response = page_of(viewer, LIST)

        assert response.status_code == 200
        assert (response.context["traffic"].requests, response.context["traffic"].failed) == (2, 1)
        assert b"theirs" not in response.content
        assert len(response.context["page"].rows) == 2

    def test_pages_forwards_and_back_without_losing_any(self, page_of, viewer, team, tmp_path):
        events = shipped(tmp_path, *({"team_id": team.pk} for _ in range(120)))
        expected = [event.id for event in reversed(events)]

        seen, cursor = [], ""
        while cursor is not None:
            page = page_of(viewer, LIST + cursor).context["page"]
            seen.append([event.id for event in page.rows])
            cursor = f"?after={page.older}" if page.older else None
        back = page_of(viewer, f"{LIST}?before={page.newer}").context["page"]

        assert [len(rows) for rows in seen] == [50, 50, 20]
        assert [event_id for rows in seen for event_id in rows] == expected
        assert [event.id for event in back.rows] == expected[50:100]
        assert (page.total, back.newer is not None, back.older is not None) == (120, True, True)

    @pytest.mark.parametrize(
        ("path", "status"), [(f"?after={NEVER}", 200), (f"?before={NEVER}", 200), (f"{NEVER}/", 404)]
    )
    def test_finds_nothing_by_an_id_of_a_time_that_never_comes(self, page_of, viewer, path, status):
        assert page_of(viewer, LIST + path).status_code == status

    @pytest.mark.parametrize(("query", "found"), [("?route=other", 1), ("?outcome=refused", 1), ("?surface=proxy", 0)])
    def test_filters(self, page_of, viewer, team, tmp_path, *, query, found):
        shipped(tmp_path, {"team_id": team.pk, "route": "other"}, {"team_id": team.pk, "outcome": "refused"})

        assert len(page_of(viewer, LIST + query).context["page"].rows) == found

    def test_says_that_a_link_is_damaged(self, page_of, viewer):
        assert page_of(viewer, f"{LIST}?after=x").status_code == 400

    def test_tells_a_newcomer_what_to_do(self, page_of, viewer):
        assert b"No requests yet" in page_of(viewer, LIST).content

    @pytest.mark.parametrize("rows", [10, 1000])
    def test_takes_as_many_queries_for_many_as_for_few(
        self, page_of, viewer, team, tmp_path, *, rows, django_assert_max_num_queries
    ):
        shipped(tmp_path, *({"team_id": team.pk, "user_id": viewer.pk} for _ in range(rows)))
        page_of(viewer, LIST)

        with django_assert_max_num_queries(14):
            page_of(viewer, LIST)


class TestRequest:
    def test_shows_what_was_decided_and_where_the_chain_is(self, page_of, viewer, team, tmp_path):
        decisions = [{"check": "budget", "passed": True, "detail": "0.45 USD were held back."}]
        (event,) = shipped(tmp_path, {"team_id": team.pk, "decisions": decisions})

        response = page_of(viewer, event.get_absolute_url())

        assert b"0.45 USD were held back." in response.content
        assert reverse("portal:provenance", args=[event.id]).encode() in response.content

    def test_a_refused_request_has_no_chain(self, page_of, viewer, team, tmp_path):
        (event,) = shipped(
            tmp_path, {"team_id": team.pk, "outcome": "refused", "error": "gateway.budget_spent: Spent."}
        )

        response = page_of(viewer, event.get_absolute_url())

        assert b"gateway.budget_spent" in response.content
        assert reverse("portal:provenance", args=[event.id]).encode() not in response.content


WHO_MAY = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200}


class TestPermissions:
    def test_who_may_see_a_request(self, page_of, team, tmp_path, request):
        (event,) = shipped(tmp_path, {"team_id": team.pk})

        found = {who: page_of(request.getfixturevalue(who), event.get_absolute_url()).status_code for who in WHO_MAY}

        assert found == WHO_MAY

    @pytest.mark.parametrize("path", [LIST, f"{LIST}01900000-0000-7000-8000-000000000000/"])
    def test_a_stranger_has_to_sign_in(self, client, path):
        assert client.get(path).status_code == 302


class TestTraffic:
    def test_adds_up_in_one_query(self, viewer, team, tmp_path, django_assert_num_queries):
        shipped(tmp_path, *({"team_id": team.pk, "latency_ms": ms} for ms in (100, 200, 300, 400, 500)))
        shipped(tmp_path, {"team_id": team.pk, "outcome": "cut", "latency_ms": 60_000})

        with django_assert_num_queries(1):
            summed = traffic(visible_events(actor=viewer))

        assert (summed.requests, summed.failed, summed.p50_ms, summed.p95_ms) == (6, 1, 300, 480)
        assert (summed.prompt_tokens, summed.completion_tokens) == (60, 30)
        assert summed.failed_share == pytest.approx(1 / 6)

    def test_of_nothing_is_nothing(self):
        summed = traffic(RequestEvent.objects.none() | RequestEvent.objects.filter(route="none"))

        assert (summed.requests, summed.p50_ms, summed.failed_share) == (0, None, 0.0)

    def test_by_hour_sorts_outcomes_into_three(self, viewer, team, tmp_path):
        outcomes = ("ok", "client_gone", "refused", "cut", "upstream_error")
        shipped(tmp_path, *({"team_id": team.pk, "outcome": outcome} for outcome in outcomes))

        hours = requests_by_hour(visible_events(actor=viewer))

        assert sum(hour.answered for hour in hours) == 2
        assert sum(hour.refused for hour in hours) == 1
        assert sum(hour.failed for hour in hours) == 2
        assert all(timezone.now() - hour.begins_at < timedelta(hours=2) for hour in hours)
