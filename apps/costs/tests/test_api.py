from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.permissions import Role
from apps.costs.models import Budget
from apps.costs.services import book_requests
from apps.costs.tests.factories import budget, request_event
from conftest import member

pytestmark = pytest.mark.django_db
ROOT = "/llm-ops/v1/governance"
AGGREGATE, PROFILES, BUDGETS = (
    f"{ROOT}/observability/cost-aggregate",
    f"{ROOT}/observability/cost-profiles",
    f"{ROOT}/budgets",
)


@pytest.fixture
def client_of():
    def signed_in(person):
        client = APIClient()
        client.force_authenticate(person)
        return client

    return signed_in


@pytest.fixture
def spent(team, other_team):
    """0.30 USD of the team over two days, and 5 USD of another."""
    book_requests(
        events=[
            request_event(team, "0.100000000"),
            request_event(team, "0.150000000", route="other"),
            request_event(team, "0.050000000", at=timezone.now() - timedelta(days=1)),
            request_event(other_team, "5"),
        ]
    )


class TestCostAggregate:
    def test_sums_what_the_actors_teams_spent(self, client_of, viewer, spent):
        data = client_of(viewer).get(AGGREGATE).json()["data"]

        assert (data["currency"], data["total_usd"], data["group_by"]) == ("USD", "0.300000000", "resource_type")
        (group,) = data["groups"]
        assert group["key"] == {"resource_type": "inference"}
        assert (group["label"], group["entries"], group["prompt_tokens"]) == ("Inference", 3, 30)

    @pytest.mark.parametrize(
        ("group_by", "amounts"),
        [
            ("day", ["0.050000000", "0.250000000"]),
            ("route", ["0.150000000", "0.150000000"]),
            ("team", ["0.300000000"]),
            ("model", ["0.300000000"]),
        ],
    )
    def test_sums_by_any_dimension(self, client_of, viewer, spent, group_by, amounts):
        groups = client_of(viewer).get(f"{AGGREGATE}?group_by={group_by}").json()["data"]["groups"]

        assert [group["usd"] for group in groups] == amounts

    def test_filters_by_day_route_and_kind(self, client_of, viewer, spent):
        client, today = client_of(viewer), timezone.now().date()

        def total(query):
            return client.get(f"{AGGREGATE}?{query}").json()["data"]["total_usd"]

        assert Decimal(total(f"since={today}")) == Decimal("0.25")
        assert Decimal(total("route=other")) == Decimal("0.15")
        assert Decimal(total("resource_type=training")) == 0
        assert Decimal(total("owner_team=logistics")) == 0

    @pytest.mark.parametrize(
        "query",
        ["group_by=colour", "since=yesterday", "since=2026-02-01&until=2026-01-01", "resource_type=x", "team=x"],
    )
    def test_refuses_what_it_cannot_sum(self, client_of, viewer, query):
        assert client_of(viewer).get(f"{AGGREGATE}?{query}").status_code == 400


class TestCostProfiles:
    def test_says_what_each_route_and_model_costs(self, client_of, viewer, spent):
        items = client_of(viewer).get(PROFILES).json()["data"]["items"]

        assert [(item["key"]["route"], item["usd_per_entry"]) for item in items] == [
            ("assistant", "0.075000000"),
            ("other", "0.150000000"),
        ]
        assert items[1]["usd_per_1000_tokens"] == "10.000000000"
        assert sum(item["share"] for item in items) == pytest.approx(1)


class TestBudgets:
    def test_a_manager_sets_one_and_sees_what_is_spent(self, client_of, manager, spent):
        body = {"owner_team": "voc", "name": "Inference", "month_usd": "0.50", "warn_at_percent": [50, 80]}

        made = client_of(manager).post(BUDGETS, body, format="json").json()["data"]

        today = timezone.now().date()
        expected = Decimal("0.25") if today.day == 1 else Decimal("0.30")
        assert Decimal(made["spent_usd"]) == expected
        assert Decimal(made["left_usd"]) == Decimal("0.50") - expected
        assert made["thresholds"] == [
            {"percent": 50, "action": "note", "reached": True},
            {"percent": 80, "action": "note", "reached": False},
            {"percent": 100, "action": "refuse", "reached": False},
        ]

    def test_gives_the_same_answer_to_the_same_key(self, client_of, manager):
        client, body = client_of(manager), {"owner_team": "voc", "name": "Inference", "month_usd": "1.00"}

        first = client.post(BUDGETS, body, format="json", headers={"Idempotency-Key": "k"}).json()["data"]
        second = client.post(BUDGETS, body, format="json", headers={"Idempotency-Key": "k"}).json()["data"]

        assert first["id"] == second["id"]
        assert Budget.objects.count() == 1

    @pytest.mark.parametrize(
        ("body", "status", "field"),
        [
            ({"owner_team": "voc", "name": "B"}, 400, "month_usd"),
            ({"owner_team": "voc", "name": "B", "month_usd": "-1"}, 400, "month_usd"),
            ({"owner_team": "voc", "name": "B", "month_usd": "1", "limit": 3}, 400, "limit"),
            ({"owner_team": "voc", "name": "B", "month_usd": "1", "warn_at_percent": [100]}, 422, "warn_at_percent"),
        ],
    )
    def test_refuses_odd_budgets_and_leaves_nothing(self, client_of, manager, body, status, field):
        response = client_of(manager).post(BUDGETS, body, format="json")

        assert response.status_code == status
        assert field in response.json()["data"]["fields"]
        assert not Budget.objects.exists()

    def test_changes_and_removes(self, client_of, manager, team):
        made, client = budget(team), client_of(manager)

        changed = client.patch(f"{BUDGETS}/{made.pk}", {"month_usd": "7.50", "enforced": False}, format="json")
        removed = client.delete(f"{BUDGETS}/{made.pk}")

        assert (changed.json()["data"]["month_usd"], changed.json()["data"]["enforced"]) == ("7.50", False)
        assert removed.status_code == 200
        assert not Budget.objects.exists()

    @pytest.mark.parametrize("rows", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_takes_as_many_queries_for_many_as_for_few(
        self, client_of, viewer, team, *, rows, django_assert_max_num_queries
    ):
        Budget.objects.bulk_create(Budget(owner_team=team, name=str(n), month_usd=1) for n in range(rows))
        client = client_of(viewer)

        with django_assert_max_num_queries(5):
            assert len(client.get(f"{BUDGETS}?limit=10").json()["data"]["items"]) == 10


EVERYBODY = {"outsider": 200, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200, "manager": 200}
READERS = EVERYBODY | {"outsider": 404}
MANAGERS = {"outsider": 404, "viewer": 403, "engineer": 403, "reviewer": 403, "approver": 403, "manager": 200}
NEW = {"owner_team": "voc", "name": "New", "month_usd": "1"}
WHO_MAY = [
    ("get", AGGREGATE, None, EVERYBODY),
    ("get", PROFILES, None, EVERYBODY),
    ("get", BUDGETS, None, EVERYBODY),
    ("post", BUDGETS, NEW, MANAGERS),
    ("get", f"{BUDGETS}/{{id}}", None, READERS),
    ("patch", f"{BUDGETS}/{{id}}", {"enforced": False}, MANAGERS),
    ("delete", f"{BUDGETS}/{{id}}", None, MANAGERS),
]


class TestPermissions:
    @pytest.mark.parametrize(("method", "path", "body", "answers"), WHO_MAY)
    def test_who_may(self, client_of, team, request, *, method, path, body, answers):
        made = budget(team)

        found = {}
        for who in answers:
            person = request.getfixturevalue(who)
            call = getattr(client_of(person), method)
            given = {} if method == "get" else {"data": body, "format": "json"}
            found[who] = call(path.format(id=made.pk), **given).status_code

        assert found == answers

    def test_outsiders_see_none_of_it(self, client_of, outsider, team, spent):
        budget(team)
        client = client_of(outsider)

        assert client.get(BUDGETS).json()["data"]["items"] == []
        assert client.get(AGGREGATE).json()["data"]["total_usd"] == "5.000000000"

    def test_the_finance_role_reads(self, client_of, team, spent):
        finance = member(team, "finance", Role.FINANCE)

        assert client_of(finance).get(AGGREGATE).json()["data"]["total_usd"] == "0.300000000"

    @pytest.mark.parametrize("path", [AGGREGATE, PROFILES, BUDGETS, f"{BUDGETS}/01900000-0000-7000-8000-000000000000"])
    def test_a_stranger_sees_nothing(self, path):
        assert APIClient().get(path).status_code == 401
