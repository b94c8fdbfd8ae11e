"""The pages of deciding: a request, a batch, standing in, emergencies."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.credentials import CONFIRMED_FOR_S, WRONG_PASSWORDS_MAX
from apps.accounts.permissions import Role
from apps.governance import services
from apps.governance.models import Delegation, EmergencyMove, PolicyVersion
from apps.governance.states import RequestStatus
from apps.governance.tests.conftest import SMALL
from conftest import member

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
REASON = "The service is down for every customer until this is in force."


@pytest.fixture
def press(client, approver, request_open):
    """Press one of the page's buttons as the approver; returns the page that is shown then."""
    client.force_login(approver)

    def pressed(button, **more):
        said = {"seen_digest": request_open.digest, "comment": "Read it", **more}
        return client.post(reverse(f"governance:{button}", args=[request_open.pk]), said, follow=True).text

    return pressed


def age(client, seconds=CONFIRMED_FOR_S + 1):
    """Let time pass since the person signed in."""
    session = client.session
    session["accounts.confirmed_at"] -= seconds
    session.save()


class TestVerdicts:
    def test_an_approval_is_one_of_those_needed(self, press, request_open):
        page = press("approve")

        request_open.refresh_from_db()
        assert request_open.status == RequestStatus.EXECUTED
        assert "1 of 1 by approver" in page
        assert "event-ok" in page

    def test_a_rejection_is_none_and_does_not_look_like_one(self, press, request_open):
        page = press("reject")

        request_open.refresh_from_db()
        assert request_open.status == RequestStatus.REJECTED
        assert "0 of 1 by approver" in page
        assert "event-bad" in page
        assert "event-ok" not in page

    def test_of_two_needed_the_page_says_who_could_give_the_other(self, press, team, two_needed, request_open):
        member(team, "second", Role.RISK_OFFICER)

        page = press("approve")

        assert "1 of 2 by approver" in page
        assert "The policy two-pairs-of-eyes asks for it." in page
        assert "Could give it: second." in page
        assert "You have given your verdict" in page


class TestPasswordAgain:
    def test_is_not_asked_right_after_signing_in(self, client, approver, request_open):
        client.force_login(approver)

        assert "Your password again" not in client.get(reverse("governance:request", args=[request_open.pk])).text

    def test_is_asked_later_and_lets_the_verdict_through(self, client, press, request_open):
        age(client)
        assert "Your password again" in client.get(reverse("governance:request", args=[request_open.pk])).text

        press("approve", password=PASSWORD)

        assert request_open.approvals.get().credential == "password"

    @pytest.mark.parametrize("given", [{}, {"password": "a wrong one"}])
    def test_lets_nothing_through_without_it(self, client, press, request_open, given):
        age(client)

        page = press("approve", **given)

        assert "This is not your password" in page or "This field is required" in page
        assert not request_open.approvals.exists()

    def test_ends_the_session_after_a_few_wrong_ones(self, client, press, request_open):
        age(client)
        for _ in range(WRONG_PASSWORDS_MAX):
            press("approve", password="a wrong one")

        answer = client.get(reverse("governance:request", args=[request_open.pk]))

        assert answer.status_code == 302
        assert "sign-in" in answer["Location"]


class TestBreakingTheGlass:
    def test_is_offered_to_who_holds_the_hammer_only(self, client, approver, team, request_open):
        page = reverse("governance:request", args=[request_open.pk])
        client.force_login(approver)
        assert "Break the glass" not in client.get(page).text

        client.force_login(member(team, "firefighter", Role.BREAK_GLASS))

        assert "Break the glass" in client.get(page).text

    def test_moves_and_waits_for_a_review_on_its_page(self, client, approver, team, request_open):
        client.force_login(member(team, "firefighter", Role.BREAK_GLASS))
        client.post(reverse("governance:break_glass", args=[request_open.pk]), {"reason": "Because"})
        assert not EmergencyMove.objects.exists()

        client.post(reverse("governance:break_glass", args=[request_open.pk]), {"reason": REASON})

        emergency = EmergencyMove.objects.get()
        client.force_login(approver)
        assert "Waits for a review" in client.get(reverse("governance:emergencies")).text
        page = reverse("governance:emergency", args=[emergency.pk])
        client.post(page, {"verdict": "justified", "comment": "It burned"})
        assert "It burned" in client.get(page).text


class TestBatchPage:
    def test_decides_all_at_once(self, client, engineer, approver, team):
        versions = [
            services.save_policy_draft(actor=engineer, team=team, source=SMALL.replace("only-small", f"small-{number}"))
            for number in range(3)
        ]
        batch = services.open_batch(
            actor=engineer,
            subject_kind="policyversion",
            subject_ids=[version.pk for version in versions],
            transition="approve",
            reason="The yearly review",
        )
        client.force_login(approver)
        assert "Approve all 3" in client.get(reverse("governance:batch", args=[batch.pk])).text

        said = {"seen_digest": services.batch_digest(batch), "comment": "Fine"}
        client.post(reverse("governance:approve_batch", args=[batch.pk]), said)

        assert set(PolicyVersion.objects.values_list("status", flat=True)) == {"active"}


class TestDelegationsPage:
    def test_says_what_it_is_for(self, client, viewer):
        client.force_login(viewer)

        page = client.get(reverse("governance:delegations")).text

        assert "Nobody stands in for anybody" in page
        assert "You hold no such role" in page

    def test_names_and_ends_a_stand_in(self, client, approver, viewer, team):
        client.force_login(approver)
        given = {
            "delegate": "viewer",
            "team": "voc",
            "starts_at": timezone.now().strftime("%Y-%m-%dT%H:%M"),
            "ends_at": (timezone.now() + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M"),
            "reason": "Away",
        }
        client.post(reverse("governance:delegations"), {**given, "delegate": "nobody"})
        assert not Delegation.objects.exists()

        client.post(reverse("governance:delegations"), given)
        made = Delegation.objects.get()
        assert (made.delegator, made.delegate, made.is_in_force) == (approver, viewer, True)

        client.post(reverse("governance:revoke_delegation", args=[made.pk]))
        assert not Delegation.objects.in_force().exists()
