"""Standing in for an approver: what is handed on, and what is not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Role
from apps.core.errors import NotFoundError
from apps.governance import services
from apps.governance.errors import AlreadyDecidedError, DelegationInvalidError, DelegationOverError
from apps.governance.models import Approval, AuditEvent, Delegation
from apps.governance.selectors import inbox
from apps.governance.states import RequestStatus
from conftest import caller, hold, lose, member

pytestmark = pytest.mark.django_db
A_WEEK = timedelta(days=7)


@pytest.fixture
def stand_in(team):
    return member(team, "stand-in", Role.VIEWER)


@pytest.fixture
def delegation(approver, stand_in, team):
    return delegate(approver, stand_in, team)


def delegate(delegator, delegate, team, starts_in=timedelta(0), lasts=A_WEEK):
    starts_at = timezone.now() + starts_in
    return services.delegate_approvals(
        actor=delegator, delegate=delegate, team=team, starts_at=starts_at, ends_at=starts_at + lasts, reason="Away"
    )


class TestStandingIn:
    def test_gives_the_approval_of_whom_one_stands_in_for(self, approver, stand_in, delegation, request_open):
        assert list(inbox(actor=stand_in)) == [request_open]

        closed = services.approve_request(actor=stand_in, request=request_open, comment="For the approver")

        approval, event = Approval.objects.get(), AuditEvent.objects.filter(action="approvalrequest.approve").get()
        assert closed.status == RequestStatus.EXECUTED
        assert (approval.approver, approval.principal) == (stand_in, approver)
        assert (event.actor, event.on_behalf_of) == (stand_in, approver)

    def test_counts_once_for_both(self, approver, stand_in, delegation, two_needed, request_open):
        services.approve_request(actor=stand_in, request=request_open)

        with pytest.raises(AlreadyDecidedError):
            services.approve_request(actor=approver, request=request_open)
        with pytest.raises(AlreadyDecidedError):
            services.approve_request(actor=stand_in, request=request_open)

    def test_hands_on_nothing_about_ones_own_work(self, engineer, stand_in, team, request_open):
        hold(engineer, team, Role.APPROVER)
        delegate(engineer, stand_in, team)

        with pytest.raises(PermissionRefusedError):
            services.approve_request(actor=stand_in, request=request_open)

    def test_hands_on_nothing_once_the_role_is_lost(self, approver, stand_in, delegation, request_open):
        lose(user=approver)

        with pytest.raises(PermissionRefusedError):
            services.approve_request(actor=stand_in, request=request_open)

    def test_cannot_be_handed_on_again(self, stand_in, delegation, team):
        third = member(team, "third", Role.VIEWER)

        with pytest.raises(PermissionRefusedError):
            delegate(stand_in, third, team)

    @pytest.mark.parametrize("starts_in", [timedelta(hours=1), -A_WEEK - timedelta(hours=1)])
    @pytest.mark.usefixtures("unaudited")
    def test_works_between_its_dates_only(self, approver, stand_in, team, request_open, starts_in):
        Delegation.objects.create(
            delegator=approver,
            delegate=stand_in,
            team=team,
            starts_at=timezone.now() + starts_in,
            ends_at=timezone.now() + starts_in + A_WEEK,
            reason="Away",
        )

        assert not inbox(actor=stand_in).exists()
        with pytest.raises(PermissionRefusedError):
            services.approve_request(actor=stand_in, request=request_open)

    def test_an_approval_no_longer_counts_when_the_delegation_is_revoked(
        self, approver, stand_in, delegation, two_needed, request_open
    ):
        services.approve_request(actor=stand_in, request=request_open)
        services.revoke_delegation(actor=approver, delegation=delegation)

        [(_, why)] = services.tally_about(request_open).not_counted

        assert why == "approver no longer lets stand-in stand in."


class TestRefusals:
    @pytest.mark.parametrize(
        ("lasts", "why"), [(timedelta(0), "before it begins"), (timedelta(days=91), "more than 90 days")]
    )
    def test_dates_that_do_not_fit(self, approver, stand_in, team, lasts, why):
        with pytest.raises(DelegationInvalidError) as refused:
            delegate(approver, stand_in, team, lasts=lasts)

        assert why in refused.value.fields["ends_at"][0]
        assert not Delegation.objects.exists()

    def test_somebody_who_would_not_see_the_requests(self, approver, outsider, team):
        with pytest.raises(DelegationInvalidError, match="Nobody can stand in"):
            delegate(approver, outsider, team)

    def test_oneself(self, approver, team):
        with pytest.raises(DelegationInvalidError):
            delegate(approver, approver, team)

    def test_a_superuser_without_the_role_has_nothing_to_hand_on(self, superuser, stand_in, team):
        with pytest.raises(PermissionRefusedError):
            delegate(superuser, stand_in, team)

    def test_only_the_delegator_and_managers_end_it_and_once(self, approver, stand_in, manager, viewer, delegation):
        with pytest.raises(NotFoundError):
            services.revoke_delegation(actor=viewer, delegation=delegation)

        services.revoke_delegation(actor=manager, delegation=delegation)

        with pytest.raises(DelegationOverError):
            services.revoke_delegation(actor=approver, delegation=delegation)


class TestApi:
    URL = "/llm-ops/v1/governance/delegations"

    def test_makes_lists_and_ends(self, approver, stand_in, team, outsider):
        client = caller(approver)
        now = timezone.now()
        body = {
            "delegate": "stand-in",
            "team": "voc",
            "starts_at": now.isoformat(),
            "ends_at": (now + A_WEEK).isoformat(),
            "reason": "Away",
        }

        made = client.post(self.URL, body, format="json").json()["data"]

        assert (made["delegator"], made["is_in_force"]) == ("approver", True)
        assert [item["id"] for item in client.get(self.URL).json()["data"]["items"]] == [made["id"]]
        assert caller(outsider).get(self.URL).json()["data"]["items"] == []
        assert caller(outsider).delete(f"{self.URL}/{made['id']}").status_code == 404
        assert client.delete(f"{self.URL}/{made['id']}").json()["data"]["is_in_force"] is False
