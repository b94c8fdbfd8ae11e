"""Waivers: drafted, granted by somebody else, seen in every decision, over by time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.core.errors import NotFoundError
from apps.governance import services
from apps.governance.errors import OwnWorkError, WaiverExpiredError, WaiverInvalidError
from apps.governance.models import AuditEvent, PolicyVersion, Waiver
from apps.governance.states import ACTIVATE_POLICY
from apps.governance.tests.conftest import SMALL, waived
from conftest import hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def denied(engineer, team, draft):
    """A version that the small policy, which is in force, does not let through."""
    PolicyVersion.objects.filter(pk=draft.pk).update(status="active")
    version = services.save_policy_draft(actor=engineer, team=team, source=SMALL)
    PolicyVersion.objects.filter(pk=version.pk).update(number=9)
    version.refresh_from_db()
    return version


@pytest.fixture
def grant(engineer, approver, team):
    """Walks a waiver the whole way."""

    def granted(**changes):
        waiver = services.save_waiver_draft(actor=engineer, team=team, **waived(**changes))
        services.approve_request(actor=approver, request=services.submit_waiver(actor=engineer, waiver=waiver))
        waiver.refresh_from_db()
        return waiver

    return granted


def outcomes(actor, subject):
    opinion = services.ask_policies(actor=actor, subject=subject, transition=ACTIVATE_POLICY)
    return opinion.allowed, [rule["outcome"] for result in opinion.results for rule in result["rules"]]


class TestGranting:
    def test_goes_the_way_of_everything_and_leaves_one_event_each(self, engineer, denied, grant):
        waiver = grant()

        assert waiver.status == "active"
        actions = AuditEvent.objects.filter(subject_id=waiver.pk).order_by("pk").values_list("action", flat=True)
        assert list(actions) == [
            "waiver.draft",
            "waiver.submit",
            "approvalrequest.open",
            "approvalrequest.approve",
            "waiver.approve",
        ]

    def test_is_not_for_who_asked(self, engineer, team, denied):
        waiver = services.save_waiver_draft(actor=engineer, team=team, **waived())
        request = services.submit_waiver(actor=engineer, waiver=waiver)
        hold(engineer, team, Role.APPROVER)

        with pytest.raises(OwnWorkError):
            services.approve_request(actor=engineer, request=request)

    def test_is_not_for_who_made_what_it_is_for(self, engineer, manager, team, denied):
        waiver = services.save_waiver_draft(actor=manager, team=team, **waived(subject_id=denied.pk))
        request = services.submit_waiver(actor=manager, waiver=waiver)
        hold(engineer, team, Role.APPROVER)

        with pytest.raises(OwnWorkError, match="You wrote what is waived by this"):
            services.approve_request(actor=engineer, request=request)

    def test_comes_too_late_once_its_time_is_over(self, engineer, approver, team, denied):
        waiver = services.save_waiver_draft(actor=engineer, team=team, **waived())
        request = services.submit_waiver(actor=engineer, waiver=waiver)
        gone = timezone.now() - timedelta(minutes=1)
        Waiver.objects.filter(pk=waiver.pk).update(expires_at=gone)
        services.subject_edited(actor=engineer, subject=Waiver.objects.get(pk=waiver.pk))
        request.refresh_from_db()

        with pytest.raises(WaiverExpiredError):
            services.approve_request(actor=approver, request=request)

        waiver.refresh_from_db()
        assert waiver.status == "under_review"


class TestInDecisions:
    def test_a_draft_has_no_effect(self, approver, engineer, team, denied):
        services.save_waiver_draft(actor=engineer, team=team, **waived())

        assert outcomes(approver, denied) == (False, ["denied"])

    @pytest.mark.parametrize("for_one", [True, False])
    def test_the_rule_is_waived_and_says_by_what(self, approver, denied, grant, for_one):
        waiver = grant(subject_id=denied.pk if for_one else None)

        decision = services.decide(actor=approver, subject=denied, transition=ACTIVATE_POLICY)

        [rule] = decision.results[0]["rules"]
        assert decision.allowed
        assert (rule["outcome"], rule["passed"], rule["waiver"]["id"]) == ("waived", False, str(waiver.pk))

    def test_another_object_is_bound(self, approver, engineer, team, denied, grant):
        other = services.save_policy_draft(actor=engineer, team=team, source=SMALL)
        grant(subject_id=other.pk)

        assert outcomes(approver, denied) == (False, ["denied"])

    def test_another_team_is_bound(self, approver, other_team, denied, grant):
        grant()
        PolicyVersion.objects.filter(pk=denied.pk).update(owner_team=other_team)
        denied.refresh_from_db()

        assert outcomes(approver, denied) == (False, ["denied"])

    def test_time_alone_ends_it(self, approver, denied, grant):
        waiver = grant()
        Waiver.objects.filter(pk=waiver.pk).update(expires_at=timezone.now())
        waiver.refresh_from_db()

        assert outcomes(approver, denied) == (False, ["denied"])
        assert waiver.standing == "expired"

    def test_revoking_ends_it_at_once(self, approver, denied, grant):
        services.revoke_waiver(actor=approver, waiver=grant(), reason="The reviewers are back")

        assert outcomes(approver, denied) == (False, ["denied"])


class TestDrafting:
    @pytest.mark.parametrize(
        ("changes", "field", "why"),
        [
            ({"policy": "no-such"}, "policy", "No policy 'no-such' is in force"),
            ({"rule": "tiny"}, "rule", "it has small"),
            ({"subject_kind": "waiver"}, "subject_kind", "is about policyversion"),
            ({"subject_kind": "spaceship"}, "subject_kind", "is about policyversion"),
            ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at", "within 90 days"),
            ({"expires_at": timezone.now() + timedelta(days=91)}, "expires_at", "within 90 days"),
        ],
    )
    def test_refuses_what_does_not_fit_and_leaves_nothing(self, engineer, team, denied, changes, field, why):
        with pytest.raises(WaiverInvalidError) as refused:
            services.save_waiver_draft(actor=engineer, team=team, **waived(**changes))

        assert why in refused.value.fields[field][0]
        assert not Waiver.objects.exists()

    def test_refuses_an_object_of_another_team(self, engineer, team, other_team, denied):
        PolicyVersion.objects.filter(pk=denied.pk).update(owner_team=other_team)

        with pytest.raises(NotFoundError):
            services.save_waiver_draft(actor=engineer, team=team, **waived(subject_id=denied.pk))

    def test_the_database_knows_no_waiver_for_good(self, engineer, team, denied):
        waiver = services.save_waiver_draft(actor=engineer, team=team, **waived())

        with pytest.raises(IntegrityError, match="waiver_is_for_a_time"), transaction.atomic():
            Waiver.objects.filter(pk=waiver.pk).update(expires_at=timezone.now() + timedelta(days=400))
