import pytest
from django.db import DatabaseError, connection, transaction

from apps.accounts.errors import PermissionRefusedError
from apps.core.errors import NotFoundError
from apps.governance import services
from apps.governance.errors import NeedsApprovalError, WrongStateError
from apps.governance.models import AuditEvent, Decision
from apps.governance.states import ACTIVATE_POLICY, RETIRE_POLICY, SUBMIT_POLICY, PolicyStatus

pytestmark = pytest.mark.django_db


class TestApplyTransition:
    def test_moves_and_records_who_did_it_and_why(self, engineer, draft):
        moved = services.apply_transition(actor=engineer, subject=draft, transition=SUBMIT_POLICY, reason="Ready")

        event = AuditEvent.objects.first()
        assert moved.status == PolicyStatus.UNDER_REVIEW
        assert (event.action, event.actor, event.reason) == ("policyversion.submit", engineer, "Ready")
        assert (event.before, event.after) == ({"status": "draft"}, {"status": "under_review"})

    def test_refuses_a_state_that_the_move_does_not_start_from(self, approver, draft):
        with pytest.raises(WrongStateError, match="is draft; this needs it to be active"):
            services.apply_transition(actor=approver, subject=draft, transition=RETIRE_POLICY, reason="Old")

    def test_refuses_who_sees_it_but_may_not_and_says_who_can(self, viewer, engineer, draft):
        with pytest.raises(PermissionRefusedError, match="Ask engineer"):
            services.apply_transition(actor=viewer, subject=draft, transition=SUBMIT_POLICY, reason="Ready")

    def test_does_not_exist_for_another_team(self, outsider, draft):
        with pytest.raises(NotFoundError):
            services.apply_transition(actor=outsider, subject=draft, transition=SUBMIT_POLICY, reason="Ready")

    @pytest.mark.parametrize("who", ["approver", "superuser"])
    def test_refuses_to_make_a_move_that_needs_a_request(self, who, request, draft, request_open):
        actor = request.getfixturevalue(who)
        expected = NeedsApprovalError if who == "approver" else PermissionRefusedError

        with pytest.raises(expected):
            services.apply_transition(actor=actor, subject=draft, transition=ACTIVATE_POLICY, reason="Now")

    def test_leaves_nothing_behind_when_it_refuses(self, viewer, draft):
        events = AuditEvent.objects.count()

        with pytest.raises(PermissionRefusedError):
            services.apply_transition(actor=viewer, subject=draft, transition=SUBMIT_POLICY, reason="Ready")

        draft.refresh_from_db()
        assert (draft.status, AuditEvent.objects.count()) == (PolicyStatus.DRAFT, events)


class TestAuditTrail:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE governance_auditevent SET reason = 'nothing happened'",
            "DELETE FROM governance_auditevent",
            "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE governance_auditevent",
        ],
    )
    def test_the_database_refuses_to_change_it(self, draft, change):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)

        assert AuditEvent.objects.count() == 1

    @pytest.mark.parametrize(
        "change", ["UPDATE governance_decision SET allowed = true", "DELETE FROM governance_decision"]
    )
    def test_the_database_refuses_to_change_decisions(self, approver, request_open, change):
        services.approve_request(actor=approver, request=request_open)
        assert Decision.objects.count() == 1

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
