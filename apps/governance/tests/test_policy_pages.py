"""The pages of policies, decisions and waivers."""

import json

import pytest
from django.urls import reverse

from apps.governance import services
from apps.governance.models import PolicyVersion, Waiver
from apps.governance.reference import markdown
from apps.governance.states import ACTIVATE_POLICY
from apps.governance.tests.conftest import SMALL, waived

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def as_engineer(client, engineer):
    client.force_login(engineer)
    return client


class TestEditor:
    def test_begins_with_a_policy_that_can_be_saved(self, as_engineer):
        page = as_engineer.get(reverse("governance:new_policy")).text

        assert "This can be saved" in page
        assert "subject.risk_tier" in page, "the facts stand beside it"

    def test_saves_a_draft_and_shows_it(self, as_engineer):
        answer = as_engineer.post(reverse("governance:new_policy"), {"source": SMALL, "owner_team": "voc"}, follow=True)

        assert answer.redirect_chain
        assert PolicyVersion.objects.get().status == "draft"
        assert "Only small versions are let through" in answer.text

    def test_keeps_what_was_typed_where_it_is_refused(self, as_engineer):
        typed = SMALL.replace("subject.number", "subject.nomber")

        answer = as_engineer.post(reverse("governance:new_policy"), {"source": typed, "owner_team": "voc"})

        assert answer.status_code == 422
        assert "subject.nomber" in answer.text
        assert "The policy was not saved" in answer.text
        assert not PolicyVersion.objects.exists()

    def test_saves_changes_as_the_next_draft(self, as_engineer, draft):
        changed = SMALL.replace("most: 3", "most: 4")

        as_engineer.post(reverse("governance:edit_policy", args=[draft.pk]), {"source": changed})

        assert list(draft.policy.versions.order_by("number").values_list("number", flat=True)) == [1, 2]

    def test_tries_the_rules_on_the_facts_of_a_real_decision(self, as_engineer, approver, draft):
        decision = services.decide(actor=approver, subject=draft, transition=ACTIVATE_POLICY)

        page = as_engineer.get(reverse("governance:edit_policy", args=[draft.pk])).text

        assert decision.subject_digest in page

    def test_of_another_team_is_not_there(self, client, outsider, draft):
        client.force_login(outsider)

        assert client.get(reverse("governance:edit_policy", args=[draft.pk])).status_code == 404


class TestCheck:
    def checked(self, client, source, facts=""):
        return client.post(reverse("governance:check_policy"), {"source": source, "facts": facts}, **HTMX).text

    def test_leads_to_the_place_of_a_fault(self, as_engineer):
        found = self.checked(as_engineer, SMALL.replace("subject.number", "subject.nomber"))

        assert 'data-goto="8:28"' in found
        assert "Did you mean &#x27;number&#x27;?" in found
        assert "<html" not in found

    def test_shows_the_test_that_fails_and_the_rule_that_is_not_covered(self, as_engineer):
        found = self.checked(as_engineer, SMALL.replace("number: 9", "number: 1"))

        assert "expected small to deny; no rule did." in found
        assert "not tested" in found

    def test_answers_on_the_facts_that_are_typed(self, as_engineer):
        assert "The number is too large." in self.checked(as_engineer, SMALL, json.dumps({"subject": {"number": 7}}))

    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ("{", "not JSON"),
            ("[1]", "a map from names"),
            ("[" * 5000, "not JSON"),
            (json.dumps({"subject": {"number": "seven"}}), "not a whole number"),
        ],
    )
    def test_says_why_facts_cannot_be_read(self, as_engineer, facts, why):
        assert why in self.checked(as_engineer, SMALL, facts)

    def test_is_for_who_writes_policies(self, client, viewer):
        client.force_login(viewer)

        assert "This cannot be checked" in self.checked(client, SMALL)

    def test_saves_nothing(self, as_engineer):
        self.checked(as_engineer, SMALL)

        assert not PolicyVersion.objects.exists()


class TestPolicy:
    def test_replays_and_shows_what_would_change(self, as_engineer, engineer, approver, team, draft):
        PolicyVersion.objects.filter(pk=draft.pk).update(status="active")
        services.decide(actor=approver, subject=draft, transition=ACTIVATE_POLICY)
        stricter = SMALL.replace("most: 3", "most: 0").replace("number: 2", "number: 0")
        version = services.save_policy_draft(actor=engineer, team=team, source=stricter)

        panel = as_engineer.post(reverse("governance:replay_policy", args=[version.pk]), {"last": 10}, **HTMX).text

        assert "1 denied" in panel
        assert draft.policy.key in panel
        assert "<html" not in panel

    def test_does_not_look_at_what_belongs_to_other_teams(
        self, as_engineer, engineer, approver, team, other_team, draft
    ):
        PolicyVersion.objects.filter(pk=draft.pk).update(status="active", owner_team=other_team)
        draft.refresh_from_db()
        services.decide(actor=approver, subject=draft, transition=ACTIVATE_POLICY)
        stricter = SMALL.replace("most: 3", "most: 0").replace("number: 2", "number: 0")
        version = services.save_policy_draft(actor=engineer, team=team, source=stricter)

        page = as_engineer.post(reverse("governance:replay_policy", args=[version.pk]), {"last": 10}, follow=True).text

        assert "not at 1 about things of other teams" in page
        version.refresh_from_db()
        assert (version.replay["decisions"], version.replay["changed"], version.replay["unseen"]) == (0, 0, 1)


class TestDecision:
    def test_shows_what_is_waived_by_what_and_what_is_demanded(self, client, engineer, approver, team, draft):
        PolicyVersion.objects.filter(pk=draft.pk).update(status="active", number=9)
        draft.refresh_from_db()
        waiver = services.save_waiver_draft(actor=engineer, team=team, **waived())
        Waiver.objects.filter(pk=waiver.pk).update(status="active")
        decision = services.decide(actor=approver, subject=draft, transition=ACTIVATE_POLICY)
        client.force_login(approver)

        page = client.get(reverse("governance:decision", args=[decision.pk])).text

        assert reverse("governance:waiver", args=[waiver.pk]) in page
        assert "Approvals that it asks for" in page
        assert "cel-expr-python" in page


class TestWaivers:
    def test_are_drafted_asked_for_and_revoked(self, as_engineer, client, approver, draft):
        PolicyVersion.objects.filter(pk=draft.pk).update(status="active")
        typed = {
            **waived(subject_id=""),
            "owner_team": "voc",
            "expires_at": waived()["expires_at"].strftime("%Y-%m-%dT%H:%M"),
        }

        drafted = as_engineer.post(reverse("governance:new_waiver"), typed, follow=True).text
        waiver = Waiver.objects.get()
        as_engineer.post(reverse("governance:submit_waiver", args=[waiver.pk]))
        Waiver.objects.filter(pk=waiver.pk).update(status="active")
        client.force_login(approver)
        revoked = client.post(
            reverse("governance:revoke_waiver", args=[waiver.pk]), {"reason": "Over"}, follow=True
        ).text

        assert "Ask for approval" in drafted
        assert "Revoked" in revoked

    def test_say_which_field_does_not_fit(self, as_engineer):
        typed = {**waived(subject_id=""), "owner_team": "voc", "expires_at": "2020-01-01T00:00"}

        answer = as_engineer.post(reverse("governance:new_waiver"), typed)

        assert answer.status_code == 422
        assert "within 90 days" in answer.text

    def test_of_another_team_are_not_there(self, client, outsider, drafted_waiver):
        client.force_login(outsider)

        assert client.get(reverse("governance:waiver", args=[drafted_waiver.pk])).status_code == 404


def test_the_reference_lists_the_facts_that_there_are(settings):
    assert markdown() in (settings.BASE_DIR / "docs" / "reference" / "policies.md").read_text(encoding="utf-8"), (
        "run `manage.py policy_facts`"
    )
