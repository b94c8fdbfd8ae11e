"""Asking drafts about the decisions of the past, before they may bind anybody."""

import pytest

from apps.accounts.errors import PermissionRefusedError
from apps.governance import services
from apps.governance.errors import NotReplayedError
from apps.governance.models import AuditEvent, Decision, PolicyVersion
from apps.governance.states import ACTIVATE_POLICY, SUBMIT_POLICY
from apps.governance.tests.conftest import SMALL

pytestmark = pytest.mark.django_db
STRICTER = SMALL.replace("most: 3", "most: 1").replace("number: 2", "number: 1")
WIDER = SMALL.replace("most: 3", "most: 6").replace("number: 9", "number: 99")
DEMANDING = SMALL.replace(
    "mend: Begin a new policy.", "mend: Begin a new policy.\n    approvals: [{role: risk_officer, count: 1}]"
).replace("denies: [small]", "denies: [], demands: [small]")


@pytest.fixture
def history(engineer, approver, team, draft):
    """Five decisions of the small policy, on versions with the numbers 1 to 5: three allowed, two denied."""
    PolicyVersion.objects.filter(pk=draft.pk).update(status="active")
    for number in range(1, 6):
        version = services.save_policy_draft(actor=engineer, team=team, source=SMALL.replace("only-small", "counted"))
        PolicyVersion.objects.filter(pk=version.pk).update(number=100 + number)
        version.number = number
        services.decide(actor=approver, subject=version, transition=ACTIVATE_POLICY)
    assert [one.allowed for one in Decision.objects.order_by("pk")] == [True, True, True, False, False]


@pytest.fixture
def replayed(engineer, team, history):
    def asked(source, **more):
        version = services.save_policy_draft(actor=engineer, team=team, source=source)
        return services.replay_policy(actor=engineer, version=version, **more)

    return asked


class TestReplay:
    def test_says_what_would_be_denied(self, replayed):
        found = replayed(STRICTER)

        assert (found["decisions"], found["changed"], found["newly_denied"]) == (5, 2, 2)
        assert {(row["was"], row["would_be"], *row["rules"]) for row in found["rows"]} == {
            ("allowed", "denied", "small")
        }

    def test_says_what_would_be_allowed(self, replayed):
        found = replayed(WIDER)

        assert (found["changed"], found["newly_allowed"]) == (2, 2)

    def test_says_what_would_need_more_approvals(self, replayed):
        found = replayed(DEMANDING)

        assert (found["changed"], found["newly_demands"]) == (2, 2)

    def test_says_nothing_of_what_stays(self, replayed):
        assert replayed(SMALL)["changed"] == 0

    def test_looks_at_as_many_as_are_asked_for_newest_first(self, replayed):
        found = replayed(WIDER, last=1)

        assert (found["decisions"], found["changed"]) == (1, 1)

    def test_reads_decisions_of_before_there_were_outcomes(self, replayed, monkeypatch):
        newest = Decision.objects.first()
        for rule in newest.results[0]["rules"]:
            del rule["outcome"]
        monkeypatch.setattr(Decision, "results", newest.results, raising=False)

        assert replayed(WIDER, last=1)["newly_allowed"] == 1

    def test_is_kept_with_the_draft_and_is_a_fact_about_it(self, engineer, team, history):
        version = services.save_policy_draft(actor=engineer, team=team, source=STRICTER)

        services.replay_policy(actor=engineer, version=version)

        version.refresh_from_db()
        opinion = services.ask_policies(actor=engineer, subject=version, transition=ACTIVATE_POLICY)
        assert opinion.facts["replay"]["newly_denied"] == 2
        assert AuditEvent.objects.filter(action="policyversion.replay", subject_id=version.pk).count() == 1

    def test_is_for_who_may_edit(self, approver, engineer, team, history):
        version = services.save_policy_draft(actor=engineer, team=team, source=STRICTER)

        with pytest.raises(PermissionRefusedError):
            services.replay_policy(actor=approver, version=version)

        version.refresh_from_db()
        assert version.replay is None


class TestSubmitting:
    def test_refuses_a_draft_that_was_never_asked_about_the_past(self, engineer, team, history):
        version = services.save_policy_draft(actor=engineer, team=team, source=STRICTER)

        with pytest.raises(NotReplayedError, match="Replay it first"):
            services.submit_policy(actor=engineer, version=version, reason="Ready")

        version.refresh_from_db()
        assert version.status == "draft"

    def test_takes_it_afterwards(self, engineer, team, history):
        version = services.save_policy_draft(actor=engineer, team=team, source=STRICTER)
        services.replay_policy(actor=engineer, version=version)

        assert services.submit_policy(actor=engineer, version=version, reason="Ready").is_open

    @pytest.mark.parametrize("mode", ["audit", "warn"])
    def test_takes_one_that_refuses_nothing(self, engineer, team, history, mode):
        source = STRICTER.replace("mode: enforce", f"mode: {mode}")
        version = services.save_policy_draft(actor=engineer, team=team, source=source)

        moved = services.apply_transition(actor=engineer, subject=version, transition=SUBMIT_POLICY, reason="Ready")

        assert moved.status == "under_review"
