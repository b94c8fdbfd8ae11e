"""Deployments that policies want approvals for: proposed, and put in force by the last approval."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.permissions import Permission, Role
from apps.accounts.services import grant_access
from apps.catalog.models import ModelVersion
from apps.catalog.services import set_model_status
from apps.core.errors import DomainError, NotFoundError
from apps.core.reconcile import reconcile
from apps.governance import services as governance
from apps.governance.comparisons import comparison_of
from apps.governance.errors import ChangePendingError, ChangeStaleError, OwnWorkError
from apps.governance.lineage import lineage_of
from apps.governance.models import ApprovalRequest, AuditEvent, PolicyVersion
from apps.governance.selectors import inbox, visible_decisions, visible_events, visible_requests
from apps.governance.states import RequestStatus
from apps.prompts.tests.factories import prompt_version
from apps.serving import services
from apps.serving.errors import DeploymentRulesBrokenError, EndpointAwaitsError
from apps.serving.models import Endpoint, EndpointRevision
from apps.serving.states import EndpointStatus, Wanted
from apps.serving.tests.factories import endpoint_of, healthy, production_by_two
from conftest import by_hand, caller, hold, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(team):
    return member(team, "policy-author", Role.ENGINEER)


@pytest.fixture
def by_two(author, team):
    """The policy of the guide, in force: something new in production waits for an approver."""
    return production_by_two(author, team)


@pytest.fixture
def second(team):
    """An approver who had no part in the model."""
    return member(team, "second", Role.APPROVER)


@pytest.fixture
def deployer(team):
    return member(team, "deployer", Role.ENGINEER)


@pytest.fixture
def waiting(by_two, deployer, team, model):
    """An endpoint in production whose first revision waits."""
    return endpoint_of(deployer, team, model, environment="prod", reason="Go live")


@pytest.fixture
def serving(machine, deployer, team, model, author):
    """An endpoint in production that serves its first revision; from now on what is new waits for an approver."""
    made = healthy(endpoint_of(deployer, team, model, environment="prod"))
    production_by_two(author, team)
    return made


def approve(request, person):
    return governance.approve_request(actor=person, request=ApprovalRequest.objects.get(pk=request.pk))


def fresh(endpoint):
    return Endpoint.objects.get(pk=endpoint.pk)


def in_production_by_hand(endpoint):
    """Have an endpoint stand in production as if it answered, though no server of it runs."""
    with by_hand():
        Endpoint.objects.filter(pk=endpoint.pk).update(
            environment="prod", status="healthy", serving_revision=endpoint.revision_id
        )
    return fresh(endpoint)


class TestNewEndpoint:
    def test_waits_and_runs_nothing(self, waiting, machine):
        found = fresh(waiting)
        assert (found.status, found.wanted, found.next_look_at) == (EndpointStatus.AWAITING, Wanted.WAIT, None)
        assert found.revision.status == "proposed"
        assert waiting.waits_for == ApprovalRequest.objects.get(subject_id=found.revision_id)

        Endpoint.objects.filter(pk=waiting.pk).update(next_look_at=timezone.now())
        reconcile(Endpoint, waiting.pk, services.step)

        assert fresh(waiting).status == EndpointStatus.AWAITING
        assert machine.processes() == []
        assert not found.servers.exists()

    def test_serves_once_an_approver_has_looked(self, waiting, machine, second):
        approve(waiting.waits_for, second)

        served = healthy(fresh(waiting))

        assert served.serving_revision.status == "made"
        event = AuditEvent.objects.get(action="endpoint.deploy")
        assert (event.actor, event.before, event.reason) == (second, None, "Go live")

    @pytest.mark.parametrize("end", ["withdrawn", "rejected"])
    def test_is_gone_and_its_route_free_when_it_is_not_approved(self, waiting, deployer, second, team, model, end):
        if end == "withdrawn":
            governance.withdraw_request(actor=deployer, request=waiting.waits_for)
        else:
            governance.reject_request(actor=second, request=waiting.waits_for, comment="Not evaluated in Korean")

        found = fresh(waiting)
        assert (found.status, found.wanted) == (EndpointStatus.DELETED, Wanted.DELETE)
        assert found.revision.status == "closed"
        assert lineage_of(actor=deployer, subject=found).edges == []
        again = endpoint_of(deployer, team, model, environment="prod")
        assert again.waits_for is not None

    def test_cannot_be_changed_before(self, waiting, deployer, team):
        manager = member(team, "boss", Role.MANAGER, Role.ENGINEER)

        for verb in (services.pause, services.redeploy, services.rollback, services.delete_endpoint):
            with pytest.raises(EndpointAwaitsError) as refused:
                verb(actor=manager, endpoint=waiting)
            assert refused.value.context["details"] == {"request_id": str(waiting.waits_for.pk)}

        assert (fresh(waiting).address, fresh(waiting).serving_revision) == ("", None)

    def test_in_development_it_is_deployed_at_once(self, by_two, deployer, team, model):
        made = endpoint_of(deployer, team, model, environment="dev")

        assert made.waits_for is None
        assert (made.status, made.revision.status) == (EndpointStatus.PENDING, "made")


class TestEndpointThatServes:
    def test_goes_on_until_what_is_new_is_approved(self, serving, deployer, second, team):
        prompt = prompt_version(deployer, team)

        asked = services.update_endpoint(actor=deployer, endpoint=serving, prompt_version=prompt, reason="Be kind")

        before = fresh(serving)
        assert (before.revision.number, before.status) == (1, EndpointStatus.HEALTHY)
        approve(asked.waits_for, second)
        after = healthy(fresh(serving))
        assert (after.serving_revision.number, after.serving_revision.prompt_version) == (2, prompt)

    def test_goes_back_to_what_was_healthy_without_anybody(self, serving, deployer, second, team):
        asked = services.update_endpoint(
            actor=deployer, endpoint=serving, prompt_version=prompt_version(deployer, team)
        )
        approve(asked.waits_for, second)
        healthy(fresh(serving))

        back = services.rollback(actor=deployer, endpoint=serving)

        assert back.waits_for is None
        assert healthy(back).serving_revision.number == 3

    def test_a_second_one_waits_for_the_first_to_be_decided(self, serving, deployer):
        services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})

        with pytest.raises(ChangePendingError):
            services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 3}})

        assert serving.revisions.count() == 2

    def test_what_came_into_force_meanwhile_makes_it_stale(self, serving, deployer, second):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        PolicyVersion.objects.update(status="retired")
        services.redeploy(actor=deployer, endpoint=serving)

        with pytest.raises(ChangeStaleError, match="revision 3 has come into force"):
            approve(asked.waits_for, second)

        assert fresh(serving).revision.number == 3
        governance.withdraw_request(actor=deployer, request=asked.waits_for)
        assert serving.revisions.get(number=2).status == "closed"
        assert fresh(serving).status != EndpointStatus.DELETED

    def test_what_was_never_in_force_cannot_be_gone_back_to(self, serving, deployer):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        governance.withdraw_request(actor=deployer, request=asked.waits_for)

        with pytest.raises(NotFoundError, match="ever in force"):
            services.rollback(actor=deployer, endpoint=serving, number=2)

    def test_a_model_that_was_deprecated_meanwhile_is_not_put_in_force(
        self, serving, deployer, second, superuser, team, model
    ):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        manager = member(team, "boss", Role.MANAGER)
        set_model_status(actor=manager, model=model, status="deprecated", reason="Poisoned")

        with pytest.raises(DeploymentRulesBrokenError):
            approve(asked.waits_for, second)

        assert fresh(serving).revision.number == 1
        asked.waits_for.refresh_from_db()
        assert asked.waits_for.status == RequestStatus.OPEN

    def test_files_that_changed_meanwhile_are_not_put_in_force(self, serving, deployer, second, model):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        with by_hand():
            ModelVersion.objects.filter(pk=model.pk).update(digest="sha256:" + "1" * 64)

        with pytest.raises(DeploymentRulesBrokenError, match="have changed since"):
            approve(asked.waits_for, second)

        assert (fresh(serving).revision.number, serving.revisions.get(number=2).status) == (1, "proposed")

    def test_who_may_no_longer_use_the_model_gets_it_deployed_by_nobody(self, serving, deployer, second, team, model):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        manager = member(team, "boss", Role.MANAGER)
        grant_access(actor=manager, user=deployer, permission=Permission.USE, subject=model, effect="deny")

        with pytest.raises(DeploymentRulesBrokenError, match=f"{deployer.label} may see .* but not use it"):
            approve(asked.waits_for, second)

        assert fresh(serving).revision.number == 1

    def test_a_request_compares_with_what_was_in_force_before_it(self, serving, deployer, second):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        proposed = serving.revisions.get(number=2)
        assert comparison_of(proposed).before == "voc r1"
        approve(asked.waits_for, second)
        services.rollback(actor=deployer, endpoint=serving, number=1)

        assert comparison_of(serving.revisions.get(number=2)).before == "voc r1"
        assert comparison_of(serving.revisions.get(number=3)).before == "voc r2"
        assert comparison_of(serving.revisions.get(number=1)).before == ""

    def test_every_step_is_on_record_about_what_it_moves(self, serving, deployer, second):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}}, reason="Faster")
        approve(asked.waits_for, second)

        revision = serving.revisions.get(number=2)
        of_revision = AuditEvent.objects.filter(subject_id=revision.pk).order_by("pk")
        assert list(of_revision.values_list("action", "actor__username")) == [
            ("approvalrequest.open", "deployer"),
            ("approvalrequest.approve", "second"),
            ("endpointrevision.deploy", "second"),
        ]
        moved = AuditEvent.objects.get(action="endpoint.redeploy", subject_id=serving.pk)
        assert (moved.before["revision"], moved.after["revision"], moved.reason) == (1, 2, "Faster")

    def test_one_that_is_deleted_takes_no_revision(self, serving, deployer, second, team):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        services.delete_endpoint(actor=member(team, "boss", Role.MANAGER), endpoint=serving)

        with pytest.raises(ChangeStaleError, match="has been deleted"):
            approve(asked.waits_for, second)

    def test_breaking_the_glass_puts_it_in_force(self, serving, deployer, team):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})

        governance.break_glass(
            actor=member(team, "firefighter", Role.BREAK_GLASS),
            subject_kind="endpointrevision",
            subject_id=serving.revisions.get(number=2).pk,
            transition="deploy",
            reason="Every answer comes too late with one core.",
        )

        assert fresh(serving).revision.number == 2
        asked.waits_for.refresh_from_db()
        assert asked.waits_for.status == RequestStatus.BYPASSED


class TestWhoDecides:
    @pytest.mark.parametrize(
        ("who", "part"), [("deployer", "asked for"), ("engineer", "registered the model of"), ("writer", "wrote")]
    )
    def test_nobody_who_had_a_part_in_it(self, request, by_two, deployer, engineer, team, model, who, part):
        writer = member(team, "writer", Role.ENGINEER)
        asked = endpoint_of(deployer, team, model, environment="prod", prompt_version=prompt_version(writer, team))
        person = {"deployer": deployer, "engineer": engineer, "writer": writer}[who]
        hold(person, team, Role.APPROVER)

        with pytest.raises(OwnWorkError, match=f"You {part}"):
            approve(asked.waits_for, person)

        assert fresh(asked).status == EndpointStatus.AWAITING

    def test_two_who_deploy_at_once_get_one_request(self, transactional_db, by_two, deployer, engineer, team, model):
        start, outcomes = threading.Barrier(2), []

        def ask(person):
            try:
                start.wait(timeout=10)
                endpoint_of(person, team, model, environment="prod")
                outcomes.append("asked")
            except DomainError as error:
                outcomes.append(error.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=ask, args=(person,)) for person in (deployer, engineer)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert sorted(outcomes) == ["asked", "serving.rules_broken"]
        assert (Endpoint.objects.count(), ApprovalRequest.objects.filter(status="open").count()) == (1, 1)

    def test_a_proposal_is_kept_as_it_was_made(self, waiting, second):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            EndpointRevision.objects.update(reason="Another")
        approve(waiting.waits_for, second)
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            EndpointRevision.objects.update(status="proposed")


class TestGrants:
    """What is granted or denied on an endpoint is so on what waits for it."""

    def test_who_is_denied_the_endpoint_neither_sees_nor_decides_what_waits_for_it(self, waiting, second, team):
        manager = member(team, "boss", Role.MANAGER)
        auditor = member(team, "auditor", Role.AUDITOR)
        proposed, about = waiting.waits_for, {"subject_label": "voc r1"}
        assert inbox(actor=second).filter(**about).exists()
        assert visible_decisions(actor=second).filter(**about).exists()
        assert visible_events(actor=auditor).filter(action="endpoint.make").exists()
        for person in (second, auditor):
            grant_access(actor=manager, user=person, permission=Permission.READ, subject=waiting, effect="deny")

        with pytest.raises(NotFoundError):
            approve(proposed, second)

        assert not inbox(actor=second).filter(**about).exists()
        assert not visible_requests(actor=second).filter(**about).exists()
        assert not visible_decisions(actor=second).filter(**about).exists()
        assert not visible_events(actor=auditor).filter(action="endpoint.make").exists()
        assert not visible_events(actor=auditor).filter(**about).exists()
        api = "/llm-ops/v1/governance/approvals"
        assert caller(second).get(f"{api}/{proposed.pk}").status_code == 404
        assert caller(second).post(f"{api}/{proposed.pk}/approve", {}, format="json").status_code == 404

    def test_nor_does_who_broke_the_glass_for_it(self, waiting, team):
        firefighter = member(team, "firefighter", Role.BREAK_GLASS, Role.VIEWER)
        manager = member(team, "boss", Role.MANAGER)
        grant_access(actor=manager, user=firefighter, permission=Permission.READ, subject=waiting, effect="deny")

        with pytest.raises(NotFoundError):
            governance.break_glass(
                actor=firefighter,
                subject_kind="endpointrevision",
                subject_id=waiting.revision_id,
                transition="deploy",
                reason="It burns.",
            )

        assert fresh(waiting).status == EndpointStatus.AWAITING

    def test_an_approval_stops_counting_when_its_giver_is_denied_the_endpoint(self, serving, deployer, second, team):
        third = member(team, "third", Role.APPROVER)
        version = PolicyVersion.objects.get(policy__key="production-by-two")
        with by_hand():
            PolicyVersion.objects.filter(pk=version.pk).update(source=version.source.replace("count: 1", "count: 2"))
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        approve(asked.waits_for, second)
        manager = member(team, "boss", Role.MANAGER)
        grant_access(actor=manager, user=second, permission=Permission.READ, subject=serving, effect="deny")

        approve(asked.waits_for, third)

        assert fresh(serving).revision.number == 1

    def test_who_may_edit_the_endpoint_by_a_grant_asks_like_anybody(self, client, serving, model, team, other_team):
        manager, guest = member(team, "boss", Role.MANAGER), member(other_team, "guest", Role.ENGINEER)
        grant_access(actor=manager, user=guest, permission=Permission.EDIT, subject=serving)
        grant_access(actor=manager, user=guest, permission=Permission.USE, subject=model)

        asked = services.redeploy(actor=guest, endpoint=serving, changes={"resources": {"cpu": 2}})

        assert asked.waits_for.requester == guest
        client.force_login(guest)
        assert client.get(f"/serving/{serving.pk}/").status_code == 200


class TestAtOnce:
    @pytest.fixture
    def standing(self, transactional_db, by_two, deployer, team, model):
        """An endpoint in production that was healthy with its first revision; no server of it runs."""
        made = in_production_by_hand(endpoint_of(deployer, team, model, environment="dev"))
        with by_hand():
            EndpointRevision.objects.filter(endpoint=made).update(became_healthy_at=timezone.now())
        return made

    def together(self, *acts):
        """Start all at one moment, each on a connection of its own; return what came of each."""
        start, outcomes = threading.Barrier(len(acts)), [""] * len(acts)

        def run(place, act):
            try:
                start.wait(timeout=10)
                act()
                outcomes[place] = "done"
            except DomainError as error:
                outcomes[place] = error.code
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=given) for given in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        return outcomes

    def test_of_two_who_ask_for_one_endpoint_one_waits_and_the_other_is_told(self, standing, deployer):
        def ask(cpu):
            services.redeploy(actor=deployer, endpoint=standing, changes={"resources": {"cpu": cpu}})

        outcomes = self.together(lambda: ask(2), lambda: ask(3))

        assert sorted(outcomes) == ["done", "governance.change_pending"]
        assert standing.revisions.filter(status="proposed").count() == 1
        assert ApprovalRequest.objects.filter(status=RequestStatus.OPEN, subject_label__startswith="voc").count() == 1

    def test_an_approval_and_a_way_back_come_one_after_the_other(self, standing, deployer, second):
        first = services.redeploy(actor=deployer, endpoint=standing, changes={"resources": {"cpu": 2}})
        approve(first.waits_for, second)
        asked = services.redeploy(actor=deployer, endpoint=standing, changes={"resources": {"cpu": 4}})

        outcomes = self.together(
            lambda: approve(asked.waits_for, second),
            lambda: services.rollback(actor=deployer, endpoint=standing, number=1),
        )

        # Either it was put in force and then left again, or it was overtaken and still waits. Nothing is in between.
        after, proposed = fresh(standing), standing.revisions.get(number=3)
        assert outcomes[1] == "done"
        assert (after.revision.number, after.revision.cause) == (4, "rollback")
        expected = {"done": "made", "governance.change_stale": "proposed"}
        assert proposed.status == expected[outcomes[0]]

    def test_of_an_approval_and_a_withdrawal_one_happens(self, standing, deployer, second):
        asked = services.redeploy(actor=deployer, endpoint=standing, changes={"resources": {"cpu": 2}})

        outcomes = self.together(
            lambda: approve(asked.waits_for, second),
            lambda: governance.withdraw_request(actor=deployer, request=asked.waits_for),
        )

        assert outcomes.count("done") == 1
        is_made = outcomes[0] == "done"
        assert standing.revisions.get(number=2).status == ("made" if is_made else "closed")
        assert fresh(standing).revision.number == (2 if is_made else 1)


class TestDoors:
    BASE = "/llm-ops/v1/serving/endpoints"

    def test_the_api_says_that_it_was_asked_for(self, by_two, deployer, team, model):
        body = {"model_ref": str(model.pk), "route_name": "voc", "environment": "prod", "owner_team": "voc"}

        answer = caller(deployer).post(self.BASE, body, format="json").json()

        request = ApprovalRequest.objects.get(subject_label="voc r1")
        assert "asked for" in answer["message"]
        assert answer["data"]["status"] == "awaiting"
        assert answer["data"]["waiting"] == {"revision": 1, "request_id": str(request.pk)}
        assert answer["data"]["revisions"][0]["status"] == "proposed"

    @pytest.mark.parametrize(
        ("verb", "url", "body"),
        [
            ("patch", "", {"scaling": {"target": 9}}),
            ("post", "/redeploy", {"changes": {"resources": {"cpu": 2}}}),
            ("post", "/rollback", {"revision": 1}),
            ("post", "/promote", {"route_name": "voc-next", "environment": "prod"}),
        ],
        ids=lambda given: given if isinstance(given, str) else "",
    )
    def test_every_verb_of_the_api_says_so(self, by_two, deployer, team, model, verb, url, body):
        there = in_production_by_hand(endpoint_of(deployer, team, model, environment="dev"))
        services.redeploy(actor=deployer, endpoint=there, changes={"resources": {"cpu": 4}})
        governance.break_glass(
            actor=member(team, "firefighter", Role.BREAK_GLASS),
            subject_kind="endpointrevision",
            subject_id=there.revisions.get(number=2).pk,
            transition="deploy",
            reason="Every answer comes too late with one core.",
        )

        answer = getattr(caller(deployer), verb)(f"{self.BASE}/{there.pk}{url}", body, format="json").json()

        request = ApprovalRequest.objects.get(status=RequestStatus.OPEN, subject_type__model="endpointrevision")
        assert "asked for" in answer["message"]
        assert answer["data"]["waiting"]["request_id"] == str(request.pk)

    def test_a_second_one_is_told_which_request_it_waits_for(self, serving, deployer):
        asked = services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})

        answer = caller(deployer).patch(f"{self.BASE}/{serving.pk}", {"scaling": {"target": 9}}, format="json")

        assert (answer.status_code, answer.json()["data"]["code"]) == (409, "governance.change_pending")
        assert str(asked.waits_for.pk) in answer.content.decode()

    def test_the_page_leads_to_the_request_and_tells_of_it(self, client, serving, deployer):
        client.force_login(deployer)

        asked = client.post(f"/serving/{serving.pk}/redeploy", {"model": "", "reason": "Fresh"}, follow=True)

        assert asked.redirect_chain[-1][0] == f"/serving/{serving.pk}/", "exactly this was healthy: nobody has to look"
        services.redeploy(actor=deployer, endpoint=serving, changes={"resources": {"cpu": 2}})
        request = ApprovalRequest.objects.get(subject_label="voc r3")
        assert f"/governance/approvals/{request.pk}/" in client.get(f"/serving/{serving.pk}/").text
        assert "Waits for approval" in client.get(f"/serving/{serving.pk}/?tab=revisions").text

    def test_the_page_of_a_new_endpoint_reads_well_while_it_waits(self, client, waiting, deployer):
        client.force_login(deployer)

        page = client.get(f"/serving/{waiting.pk}/").text

        assert "nothing is served before" in page
        assert "Redeploy" not in page
        assert client.get("/serving/").status_code == 200
