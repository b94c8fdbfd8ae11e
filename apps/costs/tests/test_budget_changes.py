"""Changing a budget by the one promotion path: at once, or with the approvals that policies want."""

import threading
from decimal import Decimal

import pytest
from django.db import Error, connection, transaction

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Role
from apps.accounts.services import system_account
from apps.core.errors import DomainError
from apps.costs import services
from apps.costs.errors import BudgetNameTakenError
from apps.costs.models import Budget, BudgetChange
from apps.costs.selectors import budget_states
from apps.costs.tests.factories import budget
from apps.governance import services as governance
from apps.governance.errors import ChangePendingError, ChangeStaleError, OwnWorkError, PolicyDeniedError
from apps.governance.models import ApprovalRequest, AuditEvent, Decision
from apps.governance.states import EmergencyVerdict, RequestStatus
from conftest import caller, hold, member

pytestmark = pytest.mark.django_db

NEVER = """
id: budgets-stand
title: No budget changes
scope: {kinds: [budgetchange], transitions: [change]}
rules:
  - {id: never, expression: change.to_usd < 0.0, message: Budgets are closed for the year., mend: Wait for January.}
mode: enforce
tests:
  - {name: more, facts: {change: {to_usd: 5.0}}, denies: [never]}
  - {name: debt, facts: {change: {to_usd: -1.0}}, denies: []}
"""


@pytest.fixture
def officer(team):
    return member(team, "officer", Role.RISK_OFFICER)


@pytest.fixture
def policies(team):
    """The policies that the portal ships, budget-change among them."""
    return governance.activate_starter_policies(actor=system_account(), team=team)


@pytest.fixture
def limit(team):
    return budget(team, "100.00", name="calls")


@pytest.fixture
def asked(policies, manager, limit):
    """A raise by half that waits for an approver and a risk officer."""
    return services.change_budget(actor=manager, budget=limit, month_usd=Decimal(150), reason="Black Friday").request


def approve(request, *people):
    for person in people:
        governance.approve_request(actor=person, request=ApprovalRequest.objects.get(pk=request.pk))


def month_usd(limit):
    return Budget.objects.get(pk=limit.pk).month_usd


class TestAtOnce:
    @pytest.mark.parametrize("changes", [{"month_usd": Decimal(120)}, {"month_usd": Decimal(1)}, {"name": "all"}])
    def test_what_no_policy_wants_approvals_for_is_made_and_decided_on(self, policies, manager, limit, changes):
        changed = services.change_budget(actor=manager, budget=limit, reason="Planned", **changes)

        assert changed.request is None
        made = Budget.objects.get(pk=limit.pk)
        assert {name: getattr(made, name) for name in changes} == changes
        kept = BudgetChange.objects.get()
        assert kept.status == "made"
        assert Decision.objects.get(subject_id=kept.pk).allows_at_once
        assert AuditEvent.objects.filter(action="budget.change", subject_id=limit.pk).count() == 1

    def test_what_changes_nothing_is_not_even_asked_about(self, policies, manager, limit):
        services.change_budget(actor=manager, budget=limit, month_usd=Decimal(100))

        assert not BudgetChange.objects.exists()
        assert not Decision.objects.exists()

    def test_a_denied_change_leaves_the_decision_and_nothing_else(self, engineer, approver, team, manager, limit):
        version = governance.save_policy_draft(actor=engineer, team=team, source=NEVER)
        approve(governance.submit_policy(actor=engineer, version=version, reason="Closed"), approver)

        with pytest.raises(PolicyDeniedError, match="closed for the year"):
            services.change_budget(actor=manager, budget=limit, month_usd=Decimal(101))

        assert month_usd(limit) == 100
        assert not BudgetChange.objects.exists()
        assert Decision.objects.filter(allowed=False, transition="change").count() == 1

    def test_who_may_not_manage_it_changes_nothing(self, policies, engineer, limit):
        with pytest.raises(PermissionRefusedError):
            services.change_budget(actor=engineer, budget=limit, month_usd=Decimal(1))

        assert not Decision.objects.exists()


class TestByRequest:
    def test_it_waits_and_the_last_approval_makes_it(self, asked, limit, approver, officer):
        assert month_usd(limit) == 100
        assert budget_states([limit])[0].request_id == asked.pk

        approve(asked, approver)
        assert month_usd(limit) == 100
        approve(asked, officer)

        assert month_usd(limit) == 150
        assert budget_states([limit])[0].request_id is None
        event = AuditEvent.objects.get(action="budget.change")
        assert (event.actor, event.before["month_usd"], event.after["month_usd"]) == (officer, "100.00", "150.00")

    def test_to_let_it_hold_no_longer_or_to_remove_it_waits_too(self, policies, manager, limit, approver, officer):
        loosened = services.change_budget(actor=manager, budget=limit, enforced=False)
        assert loosened.request is not None
        governance.withdraw_request(actor=manager, request=loosened.request)

        removal = services.delete_budget(actor=manager, budget=limit).request
        assert Budget.objects.filter(pk=limit.pk).exists()
        approve(removal, approver, officer)

        assert not Budget.objects.filter(pk=limit.pk).exists()
        assert BudgetChange.objects.filter(status="made", after={}).count() == 1
        assert AuditEvent.objects.filter(action="budget.delete", subject_id=limit.pk).count() == 1

    def test_who_proposed_it_does_not_approve_it(self, asked, manager, limit):
        for role in (Role.APPROVER, Role.RISK_OFFICER):
            hold(manager, limit.owner_team, role)

        with pytest.raises(OwnWorkError, match="You asked for this"):
            approve(asked, manager)

        assert month_usd(limit) == 100

    @pytest.mark.parametrize("end", ["withdrawn", "rejected"])
    def test_what_is_withdrawn_or_rejected_is_not_made_and_can_be_asked_for_again(
        self, asked, manager, approver, limit, end
    ):
        if end == "withdrawn":
            governance.withdraw_request(actor=manager, request=asked)
        else:
            governance.reject_request(actor=approver, request=asked, comment="Not this year")

        assert month_usd(limit) == 100
        assert BudgetChange.objects.get().status == "closed"
        assert services.change_budget(actor=manager, budget=limit, month_usd=Decimal(150)).request is not None

    def test_a_second_one_is_not_asked_for_while_the_first_waits(self, asked, manager, limit):
        with pytest.raises(ChangePendingError) as refused:
            services.change_budget(actor=manager, budget=limit, month_usd=Decimal(180))

        assert refused.value.context["details"] == {"request_id": str(asked.pk)}
        assert BudgetChange.objects.count() == 1

    def test_the_budget_can_be_tightened_meanwhile_and_then_the_change_is_stale(
        self, asked, manager, limit, approver, officer
    ):
        assert services.change_budget(actor=manager, budget=limit, month_usd=Decimal(50)).request is None
        approve(asked, approver)

        with pytest.raises(ChangeStaleError, match="has been changed since"):
            approve(asked, officer)

        assert month_usd(limit) == 50
        asked.refresh_from_db()
        assert asked.status == RequestStatus.OPEN
        assert asked.approvals.count() == 1

    def test_a_name_that_is_taken_is_refused_when_it_is_asked_for(self, policies, manager, team, limit):
        budget(team, name="other")

        with pytest.raises(BudgetNameTakenError):
            services.change_budget(actor=manager, budget=limit, name="other", month_usd=Decimal(1000))

        assert not BudgetChange.objects.exists()

    def test_two_people_at_once_get_one_request(self, transactional_db, policies, manager, limit, team):
        second = member(team, "second", Role.MANAGER)
        start, outcomes = threading.Barrier(2), []

        def ask(person):
            try:
                start.wait(timeout=10)
                services.change_budget(actor=person, budget=limit, month_usd=Decimal(300))
                outcomes.append("asked")
            except DomainError as error:
                outcomes.append(error.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=ask, args=(person,)) for person in (manager, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert sorted(outcomes) == ["asked", "governance.change_pending"]
        assert ApprovalRequest.objects.filter(status="open").count() == 1

    def test_breaking_the_glass_makes_it(self, asked, limit, team, approver):
        change = BudgetChange.objects.get()
        firefighter = member(team, "firefighter", Role.BREAK_GLASS)

        emergency = governance.break_glass(
            actor=firefighter,
            subject_kind="budgetchange",
            subject_id=change.pk,
            transition="change",
            reason="Every call of our customers is refused.",
        )

        assert month_usd(limit) == 150
        asked.refresh_from_db()
        assert asked.status == RequestStatus.BYPASSED
        justified = EmergencyVerdict.JUSTIFIED
        governance.review_emergency(actor=approver, emergency=emergency, verdict=justified, comment="It was.")

    def test_a_change_is_kept_as_it_was_proposed(self, asked):
        change = BudgetChange.objects.get()
        change.after = change.after | {"month_usd": "9999.00"}

        with pytest.raises(Error, match="kept as it was proposed"), transaction.atomic():
            change.save()
        with pytest.raises(Error, match="kept as it was proposed"), transaction.atomic():
            change.delete()


class TestHigherLimitAsAccess:
    """Asking for a higher limit leads to the same rules."""

    def ask(self, actor, usd):
        given = {"team": "voc", "budget": "calls", "month_usd": usd}
        governance.ask_access(actor=actor, kind="limit", given=given, reason="The campaign.")
        return ApprovalRequest.objects.get(status="open")

    def test_a_little_more_needs_an_approver(self, policies, engineer, approver, limit):
        approve(self.ask(engineer, "120"), approver)

        assert month_usd(limit) == 120

    def test_much_more_needs_the_risk_officer_too(self, policies, engineer, approver, officer, limit):
        request = self.ask(engineer, "500")
        approve(request, approver)
        assert month_usd(limit) == 100

        approve(request, officer)
        assert month_usd(limit) == 500

    def test_what_changes_no_budget_is_not_this_policys_matter(self, policies, engineer, approver, team):
        given = {"team": "voc", "role": "reviewer"}
        governance.ask_access(actor=engineer, kind="role", given=given, reason="I review.")

        approve(ApprovalRequest.objects.get(), approver)

        assert team.memberships.filter(user=engineer, role="reviewer").exists()


class TestDoors:
    def test_the_api_says_that_it_was_asked_for(self, policies, manager, limit):
        address = f"/llm-ops/v1/governance/budgets/{limit.pk}"

        answer = caller(manager).patch(address, {"month_usd": "500.00", "reason": "Launch"}, format="json").json()

        request = ApprovalRequest.objects.get()
        assert "asked for" in answer["message"]
        assert (answer["data"]["month_usd"], answer["data"]["request_id"]) == ("100.00", str(request.pk))
        assert request.reason == "Launch"

    def test_the_api_asks_for_the_removal(self, policies, manager, limit):
        address = f"/llm-ops/v1/governance/budgets/{limit.pk}"

        answer = caller(manager).delete(f"{address}?reason=Merged").json()

        assert answer["data"]["request_id"] == str(ApprovalRequest.objects.get(reason="Merged").pk)

    def test_the_page_leads_to_the_request_and_tells_of_it_until_it_is_decided(self, policies, client, manager, limit):
        client.force_login(manager)
        given = {"name": "calls", "month_usd": "500", "enforced": "on", "warn_at_percent": "80", "reason": "Launch"}

        answer = client.post(f"/costs/budgets/{limit.pk}/", given, follow=True)

        request = ApprovalRequest.objects.get()
        assert answer.redirect_chain == [(f"/governance/approvals/{request.pk}/", 302)]
        assert "500.00" in answer.text
        assert "waits for approval" in client.get(f"/costs/budgets/{limit.pk}/").text
        assert "A change waits for approval" in client.get("/costs/").text
