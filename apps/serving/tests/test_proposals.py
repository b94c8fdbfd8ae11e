"""Deployments that policies want approvals for: proposed, and put in force by the last approval."""

import threading

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.catalog.services import set_model_status
from apps.core.errors import DomainError, NotFoundError
from apps.core.reconcile import reconcile
from apps.governance import services as governance
from apps.governance.errors import ChangePendingError, ChangeStaleError, OwnWorkError
from apps.governance.lineage import lineage_of
from apps.governance.models import ApprovalRequest, AuditEvent, PolicyVersion
from apps.governance.states import RequestStatus
from apps.prompts.tests.factories import prompt_version
from apps.serving import services
from apps.serving.errors import DeploymentRulesBrokenError, EndpointAwaitsError
from apps.serving.models import Endpoint, EndpointRevision
from apps.serving.states import EndpointStatus, Wanted
from apps.serving.tests.factories import endpoint_of, healthy
from conftest import by_hand, caller, hold, member

pytestmark = pytest.mark.django_db
EXAMPLE = settings.BASE_DIR / "docs" / "guide" / "examples" / "production-by-two.yaml"


@pytest.fixture
def author(team):
    return member(team, "policy-author", Role.ENGINEER)


@pytest.fixture
def by_two(author, team):
    """The policy of the guide, in force: something new in production waits for an approver."""
    version = governance.save_policy_draft(actor=author, team=team, source=EXAMPLE.read_text(encoding="utf-8"))
    with by_hand():
        PolicyVersion.objects.filter(pk=version.pk).update(status="active")
    return version


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
    version = governance.save_policy_draft(actor=author, team=team, source=EXAMPLE.read_text(encoding="utf-8"))
    with by_hand():
        PolicyVersion.objects.filter(pk=version.pk).update(status="active")
    return made


def approve(request, person):
    return governance.approve_request(actor=person, request=ApprovalRequest.objects.get(pk=request.pk))


def fresh(endpoint):
    return Endpoint.objects.get(pk=endpoint.pk)


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
            with pytest.raises(EndpointAwaitsError):
                verb(actor=manager, endpoint=waiting)

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
