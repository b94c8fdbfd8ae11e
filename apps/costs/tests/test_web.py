"""Pages of costs."""

from decimal import Decimal

import pytest

from apps.costs.models import Budget
from apps.costs.services import book_requests
from apps.costs.tests.factories import budget, request_event

pytestmark = pytest.mark.django_db
COSTS, NEW = "/costs/", "/costs/budgets/new/"


@pytest.fixture
def signed_in(client):
    def as_(person):
        client.force_login(person)
        return client

    return as_


class TestCosts:
    def test_shows_what_the_persons_teams_spent(self, signed_in, viewer, team, other_team):
        book_requests(events=[request_event(team, "0.25"), request_event(other_team, "99")])

        response = signed_in(viewer).get(COSTS)

        assert response.context["total"] == Decimal("0.25")
        assert [state.budget for state in response.context["budgets"]] == []
        assert sum(response.context["chart"].series[0].values) == 0.25

    @pytest.mark.parametrize("period", ["", "last_month", "days_7", "days_90"])
    def test_offers_periods(self, signed_in, viewer, team, period):
        book_requests(events=[request_event(team, "0.25")])

        response = signed_in(viewer).get(f"{COSTS}?period={period}")

        assert response.context["total"] == (0 if period == "last_month" else Decimal("0.25"))

    def test_tells_a_newcomer_what_will_be_here(self, signed_in, viewer):
        content = signed_in(viewer).get(COSTS).content

        assert b"Nothing has been spent this month" in content
        assert b"Set a budget" not in content

    @pytest.mark.parametrize("rows", [10, 200])
    @pytest.mark.usefixtures("unaudited")
    def test_takes_as_many_queries_for_many_as_for_few(
        self, signed_in, viewer, team, *, rows, django_assert_max_num_queries
    ):
        book_requests(events=[request_event(team, route=f"route-{n}") for n in range(rows)])
        Budget.objects.bulk_create(Budget(owner_team=team, name=str(n), month_usd=1) for n in range(rows))
        client = signed_in(viewer)
        client.get(COSTS)

        with django_assert_max_num_queries(22):
            client.get(COSTS)


class TestBudgetForms:
    def test_a_manager_sets_changes_and_removes_one(self, signed_in, manager, team):
        client = signed_in(manager)
        given = {"owner_team": team.pk, "name": "Inference", "month_usd": "5", "warn_at_percent": "50, 80 %"}

        made = client.post(NEW, {**given, "enforced": "on"})
        stored = Budget.objects.get()
        changed = client.post(f"/costs/budgets/{stored.pk}/", {"name": "All", "month_usd": "6", "warn_at_percent": ""})
        after = Budget.objects.get()
        removed = client.post(f"/costs/budgets/{stored.pk}/delete/")

        assert (made.status_code, changed.status_code, removed.status_code) == (302, 302, 302)
        assert (stored.month_usd, stored.enforced, stored.warn_at_percent) == (5, True, [50, 80])
        assert (after.name, after.month_usd, after.enforced, after.warn_at_percent) == ("All", 6, False, [])
        assert not Budget.objects.exists()

    @pytest.mark.parametrize(
        ("given", "complaint"),
        [
            ({"month_usd": "-1"}, b"greater than or equal to 0"),
            ({"warn_at_percent": "half"}, b"whole numbers with commas"),
            ({"warn_at_percent": "120"}, b"whole percentages from 1 to 99"),
            ({"name": "Taken"}, b"has a budget called"),
        ],
    )
    def test_says_what_is_wrong_and_leaves_nothing(self, signed_in, manager, team, given, complaint):
        budget(team, name="Taken")
        whole = {"owner_team": team.pk, "name": "New", "month_usd": "5", "warn_at_percent": "80"}

        response = signed_in(manager).post(NEW, whole | given)

        assert response.status_code == 422
        assert complaint in response.content
        assert Budget.objects.count() == 1

    def test_only_teams_that_one_manages_are_offered(self, signed_in, manager, other_team):
        whole = {"owner_team": other_team.pk, "name": "New", "month_usd": "5"}

        assert signed_in(manager).post(NEW, whole).status_code == 422
        assert not Budget.objects.exists()


MAY_CHANGE = {"outsider": 404, "viewer": 403, "engineer": 403, "approver": 403, "manager": 200}


class TestPermissions:
    def test_who_may_change_a_budget(self, signed_in, team, request):
        made = budget(team)
        path = f"/costs/budgets/{made.pk}/"

        found = {who: signed_in(request.getfixturevalue(who)).get(path).status_code for who in MAY_CHANGE}
        refused = {
            who: signed_in(request.getfixturevalue(who)).post(f"{path}delete/").status_code
            for who in ("outsider", "viewer")
        }

        assert found == MAY_CHANGE
        assert refused == {"outsider": 404, "viewer": 403}
        assert Budget.objects.filter(pk=made.pk).exists()

    @pytest.mark.parametrize("path", [COSTS, NEW, "/costs/budgets/01900000-0000-7000-8000-000000000000/"])
    def test_a_stranger_has_to_sign_in(self, client, path):
        assert client.get(path).status_code == 302
