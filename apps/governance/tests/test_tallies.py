"""Which approvals count, and who could give those that are missing."""

import pytest

from apps.accounts.permissions import Role
from apps.governance import services
from apps.governance.errors import ApprovalsMissingError, OwnWorkError
from apps.governance.models import PolicyVersion
from apps.governance.requirements import Requirement
from apps.governance.services.tallies import tally_of
from apps.governance.states import PolicyStatus, RequestStatus
from conftest import hold, lose, member

pytestmark = pytest.mark.django_db
TWO_ONE_OF_THEM_FOR_RISK = [
    Requirement(role=Role.APPROVER, count=2, because="model-release"),
    Requirement(role=Role.RISK_OFFICER, count=1, because="model-release.high_risk"),
]


@pytest.fixture
def risk_officer(team):
    return member(team, "risk", Role.RISK_OFFICER)


@pytest.fixture
def second(team):
    return member(team, "second", Role.APPROVER)


def given(request):
    return [demand.given for demand in tally_of(request, request.subject(), TWO_ONE_OF_THEM_FOR_RISK).demands]


class TestTally:
    def test_counts_a_risk_officer_as_an_approver_too(self, approver, risk_officer, two_needed, request_open):
        services.approve_request(actor=risk_officer, request=request_open)

        assert given(request_open) == [1, 1]

    def test_counts_an_approver_for_no_risk_officer(self, approver, risk_officer, two_needed, request_open):
        services.approve_request(actor=approver, request=request_open)
        tally = tally_of(request_open, request_open.subject(), TWO_ONE_OF_THEM_FOR_RISK)

        assert [demand.given for demand in tally.demands] == [1, 0]
        assert not tally.is_met
        assert [demand.missing for demand in tally.demands] == [1, 1]
        assert list(tally.demands[1].could_give) == [risk_officer]

    def test_names_nobody_who_had_a_part_as_able(self, engineer, approver, second, team, two_needed, request_open):
        hold(engineer, team, Role.APPROVER)
        services.approve_request(actor=approver, request=request_open)

        could = tally_of(request_open, request_open.subject(), TWO_ONE_OF_THEM_FOR_RISK).demands[0].could_give

        assert list(could) == [second]

    @pytest.mark.parametrize(
        ("loss", "says"),
        [("role", "approver may no longer approve this."), ("account", "approver no longer has an account.")],
    )
    def test_says_why_an_approval_no_longer_counts(self, loss, says, approver, two_needed, request_open):
        services.approve_request(actor=approver, request=request_open)
        if loss == "role":
            lose(user=approver)
        else:
            approver.is_active = False
            approver.save()

        tally = tally_of(request_open, request_open.subject(), TWO_ONE_OF_THEM_FOR_RISK)

        assert not tally.counted
        [(approval, why)] = tally.not_counted
        assert approval.approver == approver
        assert (
            why
            == {"role": "approver may no longer approve this.", "account": "approver no longer has an account."}[loss]
        )


class TestWhoWroteTheRule:
    def test_decides_nothing_under_it(self, approver, team, two_needed, request_open):
        author = member(team, "author", Role.ENGINEER, Role.APPROVER)
        PolicyVersion.objects.filter(policy__key="two-pairs-of-eyes").update(created_by=author)

        with pytest.raises(OwnWorkError, match="You wrote the policy that decides on this"):
            services.approve_request(actor=author, request=request_open)


class TestExecuteRequest:
    def test_is_for_a_request_whose_policy_has_come_to_ask_for_fewer(
        self, engineer, approver, draft, two_needed, request_open
    ):
        services.approve_request(actor=approver, request=request_open)
        PolicyVersion.objects.filter(policy__key="two-pairs-of-eyes").update(status=PolicyStatus.RETIRED)

        closed = services.execute_request(actor=engineer, request=request_open)

        draft.refresh_from_db()
        assert (closed.status, closed.approvals_needed, draft.status) == (RequestStatus.EXECUTED, 1, "active")

    def test_says_what_is_missing_and_who_could_give_it(
        self, engineer, approver, second, draft, two_needed, request_open
    ):
        services.approve_request(actor=approver, request=request_open)

        with pytest.raises(ApprovalsMissingError, match=r"1 more by approver \(two-pairs-of-eyes\).*: second\."):
            services.execute_request(actor=engineer, request=request_open)

        draft.refresh_from_db()
        assert draft.status == PolicyStatus.UNDER_REVIEW

    def test_does_not_count_an_approver_who_was_deprovisioned(
        self, engineer, approver, draft, two_needed, request_open
    ):
        services.approve_request(actor=approver, request=request_open)
        PolicyVersion.objects.filter(policy__key="two-pairs-of-eyes").update(status=PolicyStatus.RETIRED)
        lose(user=approver)

        with pytest.raises(ApprovalsMissingError):
            services.execute_request(actor=engineer, request=request_open)
