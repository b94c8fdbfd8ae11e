import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.services import system_account
from apps.core.errors import NotFoundError
from apps.core.ids import new_id
from apps.costs import services
from apps.costs.errors import BudgetNameTakenError, PriceRefusedError, ThresholdsError
from apps.costs.models import Budget, BudgetNotice, DailySpend, LedgerEntry, Price
from apps.costs.selectors import month_of, month_spend
from apps.costs.tests.factories import budget, price, request_event
from apps.governance.models import AuditEvent
from apps.integrations.orchestration import rates

pytestmark = pytest.mark.django_db


class TestBookRequests:
    def test_books_each_request_once_however_often_it_is_announced(self, team):
        events = [request_event(team, "0.000100000") for _ in range(3)]

        services.book_requests(events=events)
        services.book_requests(events=events)

        assert LedgerEntry.objects.count() == 3
        (day,) = DailySpend.objects.all()
        assert (day.entries, day.prompt_tokens, day.completion_tokens) == (3, 30, 15)
        assert day.usd == Decimal("0.000300000")

    def test_books_nothing_for_a_refusal_or_a_route_that_is_nobodys(self, team):
        nobodys = request_event(team)
        nobodys.team = None

        services.book_requests(events=[request_event(team, prompt_tokens=0, completion_tokens=0), nobodys])

        assert not LedgerEntry.objects.exists()
        assert not DailySpend.objects.exists()

    def test_sums_per_day_kind_route_and_model(self, team, other_team):
        model = new_id()
        services.book_requests(
            events=[
                request_event(team),
                request_event(team, route="other"),
                request_event(team, model_version_id=model),
                request_event(other_team),
                request_event(team, at=timezone.now() - timedelta(days=40)),
            ]
        )

        assert DailySpend.objects.count() == 5
        assert month_spend(month_of(timezone.now()))[team.pk] == Decimal("0.000036000")

    @pytest.mark.django_db(transaction=True)
    def test_four_bookings_at_once_lose_nothing(self, team):
        events = [[request_event(team, "0.000000001") for _ in range(50)] for _ in range(4)]

        def book(part):
            try:
                services.book_requests(events=part)
            finally:
                connection.close()

        threads = [threading.Thread(target=book, args=(part,)) for part in events]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert DailySpend.objects.get().entries == 200
        assert DailySpend.objects.get().usd == Decimal("0.000000200")


class TestLedger:
    def test_the_database_refuses_to_change_or_remove_an_entry(self, team):
        services.book_requests(events=[request_event(team)])

        with pytest.raises(Error, match="append-only"), transaction.atomic():
            LedgerEntry.objects.update(usd=0)
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            LedgerEntry.objects.all().delete()

        assert LedgerEntry.objects.count() == 1


class TestBookJob:
    def job(self, team, **given):
        start = datetime(2026, 5, 4, 10, tzinfo=UTC)
        values = {
            "pk": new_id(),
            "owner_team_id": team.pk,
            "project_id": None,
            "created_by_id": new_id(),
            "output_model_id": new_id(),
            "model_version_id": new_id(),
            "spec": {"use_gpu": False},
            "processors": 1,
            "started_at": start,
            "finished_at": start + timedelta(minutes=30),
            "cost_usd": Decimal("0.05"),
        }
        return SimpleNamespace(**values | given)

    def test_books_hours_and_cost_once(self, team):
        job = self.job(team)

        services.book_job(job=job)
        services.book_job(job=job)

        entry = LedgerEntry.objects.get()
        assert (entry.kind, entry.quantity, entry.usd) == ("training", {"cpu_hours": 0.5}, Decimal("0.05"))
        assert DailySpend.objects.get().cpu_hours == 0.5

    def test_counts_gpu_hours_over_all_gpus_of_all_nodes(self, team):
        services.book_job(job=self.job(team, spec={"use_gpu": True}, processors=4))

        assert LedgerEntry.objects.get().quantity == {"gpu_hours": 2.0}

    def test_books_nothing_for_a_job_that_never_started(self, team):
        services.book_job(job=self.job(team, started_at=None))

        assert not LedgerEntry.objects.exists()

    def test_books_an_evaluation_run(self, team):
        services.book_run(run=self.job(team))

        assert LedgerEntry.objects.get().kind == "evaluation"


class TestHourUsd:
    """What training and evaluation are told when a job or a run starts."""

    NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("use_gpu", "names", "since_noon", "usd"),
        [
            (False, [], timedelta(0), "0.10"),
            (True, [], timedelta(0), "3.00"),
            (True, ["voc-base"], timedelta(0), "2.00"),
            (True, [], timedelta(days=1), "4.00"),
            (True, [], -timedelta(days=60), "0"),
        ],
    )
    def test_is_the_price_in_force_that_fits_best(self, use_gpu, names, since_noon, usd):
        may, tomorrow = datetime(2026, 5, 1, tzinfo=UTC), self.NOON + timedelta(hours=12)
        price("cpu_hours", "0.10", in_force_from=may)
        price("gpu_hours", "3.00", in_force_from=may)
        price("gpu_hours", "2.00", applies_to="voc-base", in_force_from=may)
        price("gpu_hours", "4.00", in_force_from=tomorrow)

        found = rates.hour_usd(use_gpu=use_gpu, names=names, at=self.NOON + since_noon)

        assert found == Decimal(usd)


class TestBudgetNotices:
    def test_notes_each_share_once_when_it_is_spent(self, team):
        budget(team, "1.00", warn_at_percent=[50, 80])

        services.book_requests(events=[request_event(team, "0.600000000")])
        first = list(BudgetNotice.objects.values_list("percent", flat=True))
        services.book_requests(events=[request_event(team, "0.500000000")])

        assert first == [50]
        assert sorted(BudgetNotice.objects.values_list("percent", flat=True)) == [50, 80, 100]
        events = AuditEvent.objects.filter(action="budget.reached")
        assert sorted(event.after["percent"] for event in events) == [50, 80, 100]

    def test_does_not_count_another_month(self, team):
        budget(team, "1.00")

        services.book_requests(events=[request_event(team, "5", at=timezone.now() - timedelta(days=40))])

        assert (
            list(BudgetNotice.objects.values_list("month", flat=True))
            == [month_of(timezone.now() - timedelta(days=40))] * 2
        )


class TestBudgets:
    def test_a_manager_gives_their_team_one_and_it_is_recorded(self, manager, team):
        made = services.create_budget(actor=manager, team=team, name="Inference", month_usd=Decimal(100))

        event = AuditEvent.objects.get(action="budget.create")
        assert (event.actor, event.after["month_usd"]) == (manager, "100.00")
        assert (made.percents, made.enforced) == ([80, 100], True)

    @pytest.mark.parametrize("percents", [[0], [100], [50, 50], [-1]])
    def test_refuses_odd_shares_and_leaves_nothing(self, manager, team, percents):
        with pytest.raises(ThresholdsError):
            services.create_budget(actor=manager, team=team, name="B", month_usd=Decimal(1), warn_at_percent=percents)

        assert not Budget.objects.exists()

    def test_refuses_a_name_twice(self, manager, team):
        budget(team, name="B")

        with pytest.raises(BudgetNameTakenError):
            services.create_budget(actor=manager, team=team, name="B", month_usd=Decimal(1))

        assert Budget.objects.count() == 1

    def test_changing_records_before_and_after_and_changing_nothing_records_nothing(self, manager, team):
        made = budget(team, "1.00")

        services.change_budget(actor=manager, budget=made, month_usd=Decimal("2.00"))
        services.change_budget(actor=manager, budget=made, month_usd=Decimal("2.00"))

        event = AuditEvent.objects.get(action="budget.change")
        assert (event.before["month_usd"], event.after["month_usd"]) == ("1.00", "2.00")

    def test_an_engineer_may_not_and_an_outsider_does_not_even_see_it(self, engineer, outsider, team):
        made = budget(team)

        with pytest.raises(PermissionRefusedError):
            services.delete_budget(actor=engineer, budget=made)
        with pytest.raises(NotFoundError):
            services.delete_budget(actor=outsider, budget=made)

        assert Budget.objects.filter(pk=made.pk).exists()

    def test_removing_leaves_what_was_spent(self, manager, team):
        made = budget(team, "1.00")
        services.book_requests(events=[request_event(team, "2")])

        services.delete_budget(actor=manager, budget=made)

        assert LedgerEntry.objects.count() == 1
        assert not BudgetNotice.objects.exists()


class TestSetPrice:
    def test_only_an_administrator_sets_prices(self, manager, superuser):
        with pytest.raises(PermissionRefusedError):
            services.set_price(actor=manager, unit="prompt_tokens", usd=Decimal("0.1"))
        services.set_price(actor=superuser, unit="prompt_tokens", usd=Decimal("0.1"))

        assert Price.objects.get().usd == Decimal("0.1")

    @pytest.mark.parametrize(
        ("unit", "usd", "rules"),
        [
            ("bananas", "1", {"unit_known"}),
            ("cpu_hours", "-1", {"price_sane"}),
            ("cpu_hours", "0.0000001", {"price_sane"}),
            ("bananas", "NaN", {"unit_known", "price_sane"}),
        ],
    )
    def test_names_every_broken_rule_and_sets_nothing(self, unit, usd, rules):
        with pytest.raises(PriceRefusedError) as refused:
            services.set_price(actor=system_account(), unit=unit, usd=Decimal(usd))

        assert {rule.rule for rule in refused.value.rules} == rules
        assert not Price.objects.exists()

    def test_refuses_a_second_price_of_the_same_moment(self):
        at = timezone.now()
        services.set_price(actor=system_account(), unit="cpu_hours", usd=Decimal(1), in_force_from=at)

        with pytest.raises(PriceRefusedError):
            services.set_price(actor=system_account(), unit="cpu_hours", usd=Decimal(2), in_force_from=at)

        assert Price.objects.get().usd == 1
