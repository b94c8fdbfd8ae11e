"""Breaking the glass: who may, what is let off, what is not, and what must follow."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Role
from apps.core.errors import NotFoundError
from apps.governance import services
from apps.governance.errors import EmergencyReviewedError, GlassError, OwnWorkError, WrongStateError
from apps.governance.models import ApprovalRequest, AuditEvent, EmergencyMove
from apps.governance.states import EmergencyVerdict, PolicyStatus, RequestStatus
from conftest import caller, hold, member

pytestmark = pytest.mark.django_db
REASON = "The service is down for every customer until this is in force."


@pytest.fixture
def firefighter(team):
    return member(team, "firefighter", Role.BREAK_GLASS)


def broken(actor, version, transition="approve"):
    return services.break_glass(
        actor=actor, subject_kind="policyversion", subject_id=version.pk, transition=transition, reason=REASON
    )


class TestBreakGlass:
    def test_moves_at_once_and_says_so_everywhere(self, firefighter, draft, request_open):
        emergency = broken(firefighter, draft)

        draft.refresh_from_db()
        request_open.refresh_from_db()
        assert draft.status == PolicyStatus.ACTIVE
        assert request_open.status == RequestStatus.BYPASSED
        assert emergency.review_due_at <= timezone.now() + timedelta(days=1)
        actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))[-2:]
        assert actions == ["emergencymove.break_glass", "policyversion.approve"]
        assert AuditEvent.objects.first().reason == f"Emergency: {REASON}"

    def test_keeps_what_the_policies_said_though_it_does_not_bind(
        self, firefighter, engineer, approver, team, draft, submit
    ):
        services.approve_request(actor=approver, request=submit(draft))
        for _ in range(3):
            fourth = services.save_policy_draft(actor=engineer, team=team, source=draft.source)
        submit(fourth)

        emergency = broken(firefighter, fourth)

        assert not emergency.decision.allowed
        fourth.refresh_from_db()
        assert fourth.status == PolicyStatus.ACTIVE

    @pytest.mark.parametrize("who", ["approver", "manager", "superuser"])
    def test_is_refused_without_the_role_superusers_included(self, who, request, draft, request_open):
        with pytest.raises(GlassError):
            broken(request.getfixturevalue(who), draft)

        draft.refresh_from_db()
        assert draft.status == PolicyStatus.UNDER_REVIEW
        assert not EmergencyMove.objects.exists()

    def test_does_not_exist_for_another_team(self, other_team, draft, request_open):
        with pytest.raises(NotFoundError):
            broken(member(other_team, "elsewhere", Role.BREAK_GLASS), draft)

    def test_starts_from_the_same_states_as_the_move(self, firefighter, draft):
        with pytest.raises(WrongStateError):
            broken(firefighter, draft)


class TestReviewEmergency:
    @pytest.fixture
    def emergency(self, firefighter, draft, request_open):
        return broken(firefighter, draft)

    def test_is_by_somebody_who_had_no_part(self, approver, emergency):
        reviewed = services.review_emergency(
            actor=approver, emergency=emergency, verdict=EmergencyVerdict.UNJUSTIFIED, comment="It could have waited"
        )

        assert (reviewed.reviewed_by, reviewed.verdict) == (approver, "unjustified")
        assert AuditEvent.objects.first().action == "emergencymove.review"
        with pytest.raises(EmergencyReviewedError):
            services.review_emergency(
                actor=approver, emergency=emergency, verdict=EmergencyVerdict.JUSTIFIED, comment="Or not"
            )

    @pytest.mark.parametrize("who", ["firefighter", "engineer"])
    def test_is_not_by_who_moved_or_wrote_it(self, who, request, team, emergency):
        actor = request.getfixturevalue(who)
        hold(actor, team, Role.APPROVER)

        with pytest.raises(OwnWorkError):
            services.review_emergency(
                actor=actor, emergency=emergency, verdict=EmergencyVerdict.JUSTIFIED, comment="Fine"
            )

    def test_is_by_an_approver(self, viewer, emergency):
        with pytest.raises(PermissionRefusedError):
            services.review_emergency(
                actor=viewer, emergency=emergency, verdict=EmergencyVerdict.JUSTIFIED, comment="Fine"
            )


class TestApi:
    URL = "/llm-ops/v1/governance/emergencies"

    def test_moves_lists_and_reviews(self, firefighter, approver, outsider, draft, request_open):
        body = {"subject_kind": "policyversion", "subject_id": str(draft.pk), "transition": "approve"}
        client = caller(firefighter)

        assert client.post(self.URL, {**body, "reason": "Because"}, format="json").status_code == 400
        made = client.post(self.URL, {**body, "reason": REASON}, format="json").json()["data"]

        assert (made["actor"], made["policies_allowed"]) == ("firefighter", True)
        assert caller(outsider).get(f"{self.URL}/{made['id']}").status_code == 404
        reviewer = caller(approver)
        assert len(reviewer.get(f"{self.URL}?reviewed=false").json()["data"]["items"]) == 1
        said = {"verdict": "justified", "comment": "It burned"}
        assert (
            reviewer.post(f"{self.URL}/{made['id']}/review", said, format="json").json()["data"]["verdict"]
            == "justified"
        )
        assert reviewer.get(f"{self.URL}?reviewed=false").json()["data"]["items"] == []
        assert ApprovalRequest.objects.get().status == "bypassed"
