"""Who is told that something waits for them, when, and that they are told once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.governance import services
from apps.governance.models import ApprovalRequest, EmergencyMove, Notice
from conftest import hold, member

pytestmark = pytest.mark.django_db
SOON, LATE = timedelta(days=3), timedelta(days=8)


def told(kind):
    return sorted(Notice.objects.filter(kind=kind).values_list("user__username", flat=True))


class TestRequests:
    def test_are_not_reminded_of_at_once(self, approver, request_open):
        assert services.remind() == 0

        assert not Notice.objects.exists()

    def test_remind_who_could_decide_and_nobody_who_had_a_part(self, engineer, approver, viewer, team, request_open):
        hold(engineer, team, Role.APPROVER)

        services.remind(now=timezone.now() + SOON)

        assert told("approval.reminder") == ["approver"]

    def test_go_to_managers_and_risk_officers_too_once_they_are_late(self, approver, manager, team, request_open):
        member(team, "risk", Role.RISK_OFFICER)

        services.remind(now=timezone.now() + LATE)

        assert told("approval.late") == ["approver", "manager", "risk"]

    def test_are_reminded_of_once_a_day(self, approver, request_open):
        later = timezone.now() + SOON
        services.remind(now=later)
        services.remind(now=later)
        assert Notice.objects.count() == 1

        services.remind(now=later + timedelta(days=1, minutes=1))

        assert Notice.objects.count() == 2

    def test_that_are_closed_are_not(self, engineer, approver, request_open):
        services.withdraw_request(actor=engineer, request=request_open)

        assert services.remind(now=timezone.now() + LATE) == 0
        assert ApprovalRequest.objects.get().remind_at is None


class TestEmergencies:
    @pytest.fixture
    def emergency(self, team, draft, request_open):
        return services.break_glass(
            actor=member(team, "firefighter", Role.BREAK_GLASS),
            subject_kind="policyversion",
            subject_id=draft.pk,
            transition="approve",
            reason="The service is down for everybody.",
        )

    def test_are_told_to_all_who_approve_and_to_managers_at_once(self, approver, manager, emergency):
        assert told("break_glass") == ["approver", "manager"]

    def test_are_told_again_every_day_until_they_are_reviewed(self, approver, emergency):
        services.remind(now=emergency.review_due_at + timedelta(minutes=1))
        assert told("break_glass.review") == ["approver"]

        services.review_emergency(actor=approver, emergency=emergency, verdict="justified", comment="It burned")

        assert services.remind(now=emergency.review_due_at + timedelta(days=5)) == 0
        assert EmergencyMove.objects.get().remind_at is None
