import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Role
from apps.core.errors import DomainError, NotFoundError
from apps.governance import services
from apps.governance.errors import (
    AlreadyDecidedError,
    NotYourRequestError,
    OwnWorkError,
    PolicyDeniedError,
    RequestAlreadyOpenError,
    RequestNotOpenError,
    SubjectChangedError,
)
from apps.governance.models import Approval, ApprovalRequest, AuditEvent, Decision, PolicyVersion
from apps.governance.states import ACTIVATE_POLICY, PolicyStatus, RequestStatus
from apps.governance.tests.conftest import SMALL
from conftest import hold, lose, member


@pytest.mark.django_db
class TestApproveRequest:
    def test_moves_the_subject_with_the_approval_that_was_missing(self, approver, draft, request_open):
        closed = services.approve_request(actor=approver, request=request_open, comment="Fine")

        draft.refresh_from_db()
        assert (closed.status, draft.status) == (RequestStatus.EXECUTED, PolicyStatus.ACTIVE)
        assert closed.decision.allowed
        assert [event.action for event in AuditEvent.objects.all()[:2]] == [
            "policyversion.approve",
            "approvalrequest.approve",
        ]

    def test_waits_for_as_many_approvals_as_are_needed(self, approver, team, two_needed, request_open):
        second = member(team, "second", Role.APPROVER)

        assert services.approve_request(actor=approver, request=request_open).status == RequestStatus.OPEN
        assert services.approve_request(actor=second, request=request_open).status == RequestStatus.EXECUTED

    def test_does_not_count_an_approver_who_has_lost_the_role(self, approver, team, two_needed, request_open):
        services.approve_request(actor=approver, request=request_open)
        lose(user=approver)

        again = services.approve_request(actor=member(team, "second", Role.APPROVER), request=request_open)

        assert again.status == RequestStatus.OPEN

    def test_refuses_the_person_who_asked_even_as_approver_and_superuser(self, engineer, team, draft, request_open):
        hold(engineer, team, Role.APPROVER)
        engineer.is_superuser = True
        engineer.save()

        with pytest.raises(OwnWorkError, match="You asked for this"):
            services.approve_request(actor=engineer, request=request_open)

        assert not Approval.objects.exists()

    def test_refuses_the_person_who_wrote_it_when_somebody_else_asked(self, engineer, approver, team, draft, submit):
        request = submit(draft)
        helper = member(team, "helper", Role.ENGINEER)
        ApprovalRequest.objects.filter(pk=request.pk).update(requester=helper)
        hold(engineer, team, Role.APPROVER)

        with pytest.raises(OwnWorkError, match="You wrote this"):
            services.approve_request(actor=engineer, request=request)

    def test_refuses_a_superuser_without_the_role(self, superuser, request_open):
        with pytest.raises(PermissionRefusedError):
            services.approve_request(actor=superuser, request=request_open)

    def test_refuses_a_second_verdict_of_the_same_person(self, approver, two_needed, request_open):
        services.approve_request(actor=approver, request=request_open)

        with pytest.raises(AlreadyDecidedError):
            services.approve_request(actor=approver, request=request_open)

    def test_refuses_when_the_subject_is_no_longer_what_was_asked_for(self, approver, draft, request_open):
        PolicyVersion.objects.filter(pk=draft.pk).update(digest="sha256:other")

        with pytest.raises(SubjectChangedError):
            services.approve_request(actor=approver, request=request_open)

        draft.refresh_from_db()
        assert draft.status == PolicyStatus.UNDER_REVIEW

    def test_refuses_when_the_approver_looked_at_something_else(self, approver, request_open):
        with pytest.raises(SubjectChangedError):
            services.approve_request(actor=approver, request=request_open, seen_digest="sha256:earlier")

    def test_does_not_exist_for_another_team(self, outsider, request_open):
        with pytest.raises(NotFoundError):
            services.approve_request(actor=outsider, request=request_open)

    def test_keeps_the_decision_and_nothing_else_when_a_policy_refuses(self, engineer, approver, team, draft, submit):
        services.approve_request(actor=approver, request=submit(draft))  # the policy is in force from here on
        for _ in range(3):
            fourth = services.save_policy_draft(actor=engineer, team=team, source=SMALL)
        request = submit(fourth)

        with pytest.raises(PolicyDeniedError, match="The number is too large") as refused:
            services.approve_request(actor=approver, request=request)

        decision = Decision.objects.first()
        fourth.refresh_from_db()
        assert (decision.allowed, fourth.status) == (False, PolicyStatus.UNDER_REVIEW)
        assert refused.value.context["details"] == {"decision_id": str(decision.pk)}
        assert [(rule.rule, rule.mend) for rule in refused.value.rules] == [("only-small.small", "Begin a new policy.")]
        assert not Approval.objects.filter(request=request).exists()

    def test_retires_the_policy_version_that_was_in_force(self, engineer, approver, team, draft, submit):
        services.approve_request(actor=approver, request=submit(draft))
        second = services.save_policy_draft(actor=engineer, team=team, source=SMALL.replace("most: 3", "most: 4"))

        services.approve_request(actor=approver, request=submit(second))

        assert {version.number: version.status for version in PolicyVersion.objects.all()} == {
            1: "retired",
            2: "active",
        }


@pytest.mark.django_db
class TestSubjectEdited:
    def test_voids_the_approvals_and_asks_for_the_content_as_it_is_now(
        self, engineer, approver, draft, two_needed, request_open
    ):
        services.approve_request(actor=approver, request=request_open)
        draft.refresh_from_db()
        draft.digest = "sha256:edited"
        draft.save()

        services.subject_edited(actor=engineer, subject=draft)

        with pytest.raises(SubjectChangedError):
            services.approve_request(actor=approver, request=request_open)
        request_open.refresh_from_db()
        assert request_open.manifest["document_digest"] == "sha256:edited"
        assert Approval.objects.get(request=request_open).voided_at is not None
        assert services.approve_request(actor=approver, request=request_open).is_open


@pytest.mark.django_db
class TestOtherVerdicts:
    def test_rejecting_sends_the_subject_back_with_the_reason(self, approver, draft, request_open):
        closed = services.reject_request(actor=approver, request=request_open, comment="Too strict")

        draft.refresh_from_db()
        assert (closed.status, draft.status) == (RequestStatus.REJECTED, PolicyStatus.DRAFT)
        assert AuditEvent.objects.first().reason == "Too strict"

    def test_only_the_requester_withdraws(self, engineer, approver, draft, request_open):
        with pytest.raises(NotYourRequestError):
            services.withdraw_request(actor=approver, request=request_open)

        services.withdraw_request(actor=engineer, request=request_open)

        draft.refresh_from_db()
        assert draft.status == PolicyStatus.DRAFT

    def test_nothing_is_left_to_decide_afterwards(self, engineer, approver, request_open):
        services.withdraw_request(actor=engineer, request=request_open)

        with pytest.raises(RequestNotOpenError, match="withdrawn already"):
            services.approve_request(actor=approver, request=request_open)

    def test_the_same_is_asked_for_once(self, engineer, draft, request_open):
        with pytest.raises(RequestAlreadyOpenError):
            services.open_request(actor=engineer, subject=draft, transition=ACTIVATE_POLICY, reason="Again")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Threads on real connections: every outcome must be one that some order of the calls would give."""

    def run_together(self, *calls):
        barrier = threading.Barrier(len(calls))

        def run(call):
            try:
                barrier.wait()
                return call()
            except DomainError as error:
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))

    def test_two_approvers_make_one_move(self, approver, team, draft, request_open):
        second = member(team, "second", Role.APPROVER)

        outcomes = self.run_together(
            lambda: services.approve_request(actor=approver, request=request_open),
            lambda: services.approve_request(actor=second, request=request_open),
        )

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ApprovalRequest", "RequestNotOpenError"]
        assert AuditEvent.objects.filter(action="policyversion.approve").count() == 1

    def test_approving_against_withdrawing_has_one_outcome(self, engineer, approver, draft, request_open):
        self.run_together(
            lambda: services.approve_request(actor=approver, request=request_open),
            lambda: services.withdraw_request(actor=engineer, request=request_open),
        )

        draft.refresh_from_db()
        request_open.refresh_from_db()
        assert (request_open.status, draft.status) in {("executed", "active"), ("withdrawn", "draft")}

    def test_approving_against_an_edit_never_lets_unseen_content_through(self, engineer, approver, draft, request_open):
        def edit():
            with transaction.atomic():
                locked = PolicyVersion.objects.select_for_update().get(pk=draft.pk)
                if locked.status != PolicyStatus.UNDER_REVIEW:
                    return "too late"
                locked.digest = "sha256:edited"
                locked.save()
                services.subject_edited(actor=engineer, subject=locked)
                return "edited"

        approved, edited = self.run_together(
            lambda: services.approve_request(actor=approver, request=request_open), edit
        )

        draft.refresh_from_db()
        outcome = (type(approved).__name__, edited, draft.status)
        assert outcome in {
            ("ApprovalRequest", "too late", "active"),
            ("SubjectChangedError", "edited", "under_review"),
        }
