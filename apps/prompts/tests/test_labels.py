"""Labels of prompts: moved at once, or with the approvals that policies want."""

import threading

import pytest
from django.db import Error, connection, transaction

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Role
from apps.accounts.services import system_account
from apps.core.errors import DomainError, NotFoundError
from apps.governance import services as governance
from apps.governance.errors import ChangePendingError, ChangeStaleError, OwnWorkError, PolicyDeniedError
from apps.governance.models import ApprovalRequest, AuditEvent, Decision
from apps.governance.states import RequestStatus
from apps.prompts import services
from apps.prompts.errors import LabelNameError, LabelStandsError, UnknownLabelError, UnknownVersionError
from apps.prompts.models import LabelChange, PromptLabel
from conftest import caller, hold, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def policies(team):
    """The policies that the portal ships, prompt-release among them."""
    return governance.activate_starter_policies(actor=system_account(), team=team)


@pytest.fixture
def releaser(team):
    """An engineer who wrote nothing of the prompt."""
    return member(team, "releaser", Role.ENGINEER)


@pytest.fixture
def asked(policies, releaser, template_with_two):
    """A move of "production" to version 2 that waits for an approver."""
    moved = services.move_label(
        actor=releaser, template=template_with_two, name="production", version=2, reason="Shorter answers"
    )
    return moved.request


def approve(request, person):
    return governance.approve_request(actor=person, request=ApprovalRequest.objects.get(pk=request.pk))


def points_to(template, name="production"):
    label = PromptLabel.objects.filter(template=template, name=name).first()
    return label.version.number if label else None


class TestAtOnce:
    def test_a_label_is_made_moved_and_taken_off(self, engineer, template_with_two):
        for version in (1, 2):
            moved = services.move_label(actor=engineer, template=template_with_two, name="staging", version=version)
            assert moved.request is None
            assert points_to(template_with_two, "staging") == version
        services.take_label_off(actor=engineer, template=template_with_two, name="staging", reason="Over")

        assert points_to(template_with_two, "staging") is None
        told = AuditEvent.objects.filter(action="prompttemplate.label").order_by("pk")
        assert [(event.before["version"], event.after["version"]) for event in told] == [(None, 1), (1, 2), (2, None)]
        assert set(LabelChange.objects.values_list("status", flat=True)) == {"made"}

    def test_one_that_stands_there_is_not_moved(self, engineer, template):
        services.move_label(actor=engineer, template=template, name="staging", version=1)

        with pytest.raises(LabelStandsError):
            services.move_label(actor=engineer, template=template, name="staging", version=1)

        assert LabelChange.objects.count() == 1

    @pytest.mark.parametrize("version", [3, 0])
    def test_to_a_version_that_is_not_there_it_is_not_moved(self, engineer, template_with_two, version):
        with pytest.raises(UnknownVersionError):
            services.move_label(actor=engineer, template=template_with_two, name="staging", version=version)

    def test_one_that_is_not_there_cannot_be_taken_off(self, engineer, template):
        services.move_label(actor=engineer, template=template, name="staging", version=1)

        with pytest.raises(UnknownLabelError, match="It has: staging"):
            services.take_label_off(actor=engineer, template=template, name="production")

    @pytest.mark.parametrize("name", ["Production", "PRODUCTION", "pro duction", ""])
    def test_one_whose_name_would_slip_past_a_policy_is_refused(self, policies, engineer, template, name):
        with pytest.raises(LabelNameError):
            services.move_label(actor=engineer, template=template, name=name, version=1)

        assert not LabelChange.objects.exists()

    def test_who_may(self, viewer, outsider, template):
        with pytest.raises(PermissionRefusedError):
            services.move_label(actor=viewer, template=template, name="staging", version=1)
        with pytest.raises(NotFoundError):
            services.move_label(actor=outsider, template=template, name="staging", version=1)

        assert not LabelChange.objects.exists()

    def test_a_prompt_with_a_key_does_not_come_to_production(self, policies, engineer, template):
        services.add_version(actor=engineer, template=template, user="Ask with AKIAIOSFODNN7EXAMPLE: {{ message }}")

        with pytest.raises(PolicyDeniedError, match="holds a key or a token"):
            services.move_label(actor=engineer, template=template, name="production", version=2)

        assert not LabelChange.objects.exists()
        kept = Decision.objects.get(transition="label")
        assert kept.facts["prompt"]["secrets"] == ["AWS Access Key"]
        assert "AKIA" not in str(kept.facts)

    def test_elsewhere_it_may_be_tried_and_production_may_be_left_at_once(self, policies, releaser, template_with_two):
        services.move_label(actor=releaser, template=template_with_two, name="staging", version=2)

        assert points_to(template_with_two, "staging") == 2


class TestByRequest:
    def test_it_waits_and_an_approver_moves_it(self, asked, template_with_two, approver):
        assert points_to(template_with_two) is None

        approve(asked, approver)

        assert points_to(template_with_two) == 2
        event = AuditEvent.objects.get(action="prompttemplate.label")
        assert (event.actor, event.reason) == (approver, "Shorter answers")

    @pytest.mark.parametrize("part", ["wrote the prompt of", "asked for"])
    def test_neither_its_author_nor_who_proposed_it_approves(
        self, asked, engineer, releaser, team, template_with_two, part
    ):
        person = engineer if part.startswith("wrote") else releaser
        hold(person, team, Role.APPROVER)

        with pytest.raises(OwnWorkError, match=f"You {part} this"):
            approve(asked, person)

        assert points_to(template_with_two) is None

    def test_who_wrote_the_same_text_as_another_version_does_not_approve_it_either(
        self, policies, engineer, releaser, team, template_with_two
    ):
        services.rollback_template(actor=releaser, template=template_with_two, version=1)
        hold(engineer, team, Role.APPROVER)
        asked = services.move_label(actor=releaser, template=template_with_two, name="production", version=3).request

        with pytest.raises(OwnWorkError, match="You wrote the prompt of this"):
            approve(asked, engineer)

    @pytest.mark.parametrize("end", ["withdrawn", "rejected"])
    def test_what_is_not_approved_moves_nothing_and_can_be_asked_for_again(
        self, asked, releaser, approver, template_with_two, end
    ):
        if end == "withdrawn":
            governance.withdraw_request(actor=releaser, request=asked)
        else:
            governance.reject_request(actor=approver, request=asked, comment="Too short")

        assert points_to(template_with_two) is None
        assert LabelChange.objects.get().status == "closed"
        again = services.move_label(actor=releaser, template=template_with_two, name="production", version=1)
        assert again.request is not None

    def test_a_second_one_waits_for_the_first_to_be_decided(self, asked, releaser, template_with_two):
        with pytest.raises(ChangePendingError):
            services.move_label(actor=releaser, template=template_with_two, name="production", version=1)

        assert LabelChange.objects.count() == 1

    def test_one_that_was_taken_off_meanwhile_is_not_moved_by_it(
        self, asked, releaser, approver, template_with_two, engineer
    ):
        approve(asked, approver)
        back = services.move_label(actor=releaser, template=template_with_two, name="production", version=1).request
        services.take_label_off(actor=releaser, template=template_with_two, name="production")

        with pytest.raises(ChangeStaleError, match="points to nothing by now"):
            approve(back, approver)

        assert points_to(template_with_two) is None
        back.refresh_from_db()
        assert back.status == RequestStatus.OPEN

    def test_two_people_at_once_get_one_request(
        self, transactional_db, policies, releaser, engineer, template_with_two
    ):
        start, outcomes = threading.Barrier(2), []

        def ask(person):
            try:
                start.wait(timeout=10)
                services.move_label(actor=person, template=template_with_two, name="production", version=2)
                outcomes.append("asked")
            except DomainError as error:
                outcomes.append(error.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=ask, args=(person,)) for person in (releaser, engineer)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert sorted(outcomes) == ["asked", "governance.change_pending"]

    def test_breaking_the_glass_moves_it(self, asked, team, template_with_two):
        firefighter = member(team, "firefighter", Role.BREAK_GLASS)

        governance.break_glass(
            actor=firefighter,
            subject_kind="labelchange",
            subject_id=LabelChange.objects.get().pk,
            transition="label",
            reason="The prompt in production insults customers.",
        )

        assert points_to(template_with_two) == 2
        asked.refresh_from_db()
        assert asked.status == RequestStatus.BYPASSED

    def test_a_change_is_kept_as_it_was_proposed(self, asked):
        with pytest.raises(Error, match="kept as it was proposed"), transaction.atomic():
            LabelChange.objects.update(name="staging")

    def test_a_label_that_is_moved_by_hand_is_refused_by_the_database(
        self, transactional_db, engineer, template_with_two
    ):
        services.move_label(actor=engineer, template=template_with_two, name="staging", version=1)

        with pytest.raises(Error, match="event"):
            PromptLabel.objects.update(version=template_with_two.versions.get(number=2))

        assert points_to(template_with_two, "staging") == 1


class TestDoors:
    BASE = "/llm-ops/v1/prompts/templates"

    def test_the_api_moves_shows_renders_and_takes_off(self, engineer, template_with_two):
        api, address = caller(engineer), f"{self.BASE}/{template_with_two.pk}"

        moved = api.put(f"{address}/labels/staging", {"version": 1}, format="json").json()
        shown = api.get(address).json()["data"]
        rendered = api.post(
            f"{address}/render", {"label": "staging", "variables": {"message": "Hi"}}, format="json"
        ).json()
        taken = api.delete(f"{address}/labels/staging").json()["data"]

        assert (moved["data"]["status"], moved["data"]["request_id"]) == ("made", None)
        assert [(label["name"], label["version"]) for label in shown["labels"]] == [("staging", 1)]
        assert rendered["data"]["version"] == 1
        assert (taken["from_version"], taken["to_version"]) == (1, None)
        assert api.get(address).json()["data"]["labels"] == []

    def test_the_api_says_that_it_was_asked_for(self, policies, engineer, template):
        api, address = caller(engineer), f"{self.BASE}/{template.pk}"

        answer = api.put(f"{address}/labels/production", {"version": 1, "reason": "Launch"}, format="json").json()

        request = ApprovalRequest.objects.get()
        assert "asked for" in answer["message"]
        assert (answer["data"]["status"], answer["data"]["request_id"]) == ("proposed", str(request.pk))
        assert [change["request_id"] for change in api.get(address).json()["data"]["waiting"]] == [str(request.pk)]

    def test_the_api_refuses_a_version_beside_a_label(self, engineer, template):
        api = caller(engineer)

        answer = api.post(f"{self.BASE}/{template.pk}/render", {"label": "staging", "version": 1}, format="json")

        assert answer.status_code == 400
        assert "label" in answer.json()["data"]["fields"]

    def test_the_page_moves_tells_and_takes_off(self, client, engineer, template_with_two):
        client.force_login(engineer)
        page = f"/prompts/{template_with_two.pk}"

        moved = client.post(f"{page}/label", {"name": "staging", "version": 1}, follow=True)
        taken = client.post(f"{page}/label/off", {"name": "staging"}, follow=True)

        assert moved.redirect_chain == [(f"{page}/?version=1", 302)]
        assert "staging points to version 1." in moved.text
        assert "staging points to nothing any more." in taken.text

    def test_the_page_leads_to_the_request_and_tells_of_it(self, policies, client, engineer, template):
        client.force_login(engineer)

        asked = client.post(f"/prompts/{template.pk}/label", {"name": "production", "version": 1}, follow=True)

        request = ApprovalRequest.objects.get()
        assert asked.redirect_chain == [(f"/governance/approvals/{request.pk}/", 302)]
        assert f"/governance/approvals/{request.pk}/" in client.get(f"/prompts/{template.pk}/").text

    @pytest.mark.parametrize("given", [{"name": "no spaces", "version": 1}, {"name": "", "version": 1}, {"name": "x"}])
    def test_the_page_says_what_is_wrong(self, client, engineer, template, given):
        client.force_login(engineer)

        assert client.post(f"/prompts/{template.pk}/label", given).status_code == 422
        assert not LabelChange.objects.exists()
