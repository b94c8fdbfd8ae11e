import threading

import pytest
import yaml
from django.db import DatabaseError, connection, transaction

from apps.accounts.errors import PermissionRefusedError
from apps.catalog.models import ModelVersion
from apps.core.errors import NotFoundError
from apps.governance.errors import PolicyDeniedError
from apps.governance.lineage import lineage_of
from apps.governance.models import AuditEvent, Decision, PolicyVersion
from apps.governance.services import save_policy_draft
from apps.prompts.services import add_version
from apps.prompts.tests.factories import prompt_version
from apps.serving import services
from apps.serving.errors import (
    AlreadySoError,
    DeploymentRulesBrokenError,
    EndpointGoneError,
    NoGoodRevisionError,
    NothingChangedError,
    NothingServedError,
    NowhereToPromoteError,
    RevisionInForceError,
)
from apps.serving.models import Endpoint, EndpointRevision
from apps.serving.states import EndpointStatus, Wanted
from apps.serving.tests.factories import endpoint_of, healthy, spec_of

POLICY = {
    "id": "production-needs-licence",
    "title": "Production serves open licences only",
    "scope": {"kinds": ["endpointrevision"], "transitions": ["deploy"]},
    "match": "subject.environment == 'prod'",
    "rules": [
        {
            "id": "licence_is_open",
            "expression": "model.license in ['MIT']",
            "message": "The licence is not open.",
            "mend": "Deploy another model.",
        }
    ],
    "mode": "enforce",
    "tests": [
        {"name": "mit", "facts": {"subject": {"environment": "prod"}, "model": {"license": "MIT"}}, "denies": []},
        {
            "name": "other",
            "facts": {"subject": {"environment": "prod"}, "model": {"license": "X"}},
            "denies": ["licence_is_open"],
        },
    ],
}


@pytest.fixture
def policy(engineer, team):
    """A policy in force that lets only MIT models into production."""
    version = save_policy_draft(actor=engineer, team=team, source=yaml.safe_dump(POLICY))
    PolicyVersion.objects.filter(pk=version.pk).update(status="active")
    return version


class TestDeploy:
    def test_makes_an_endpoint_and_its_first_revision(self, engineer, team, model):
        prompt = prompt_version(engineer, team)

        endpoint = endpoint_of(engineer, team, model, environment="prod", prompt_version=prompt, reason="Go live")

        revision = endpoint.revision
        assert (endpoint.status, endpoint.wanted, endpoint.address) == (EndpointStatus.PENDING, Wanted.SERVE, "")
        assert (revision.number, revision.cause, revision.model_digest) == (1, "deploy", model.digest)
        assert (revision.prompt_version, revision.runtime_image) == (prompt, "llmops/serve:1-cpu")
        assert Decision.objects.get(pk=revision.decision_id).subject_id == revision.pk
        event = AuditEvent.objects.get(action="endpoint.deploy")
        assert (event.actor, event.reason, event.before) == (engineer, "Go live", None)
        assert event.after["model_digest"] == model.digest

    def test_writes_out_what_follows_from_the_model(self, engineer, team, model):
        spec = endpoint_of(engineer, team, model, spec={"model_ref": f"{model.name}:{model.version}"}).revision.spec

        assert (spec["model_ref"], spec["model_family"]) == (str(model.pk), "llama")
        assert (spec["job_type"], spec["serve_target"]) == (None, "GENERATION")
        assert (spec["runtime"]["max_output_tokens"], spec["runtime"]["max_input_tokens"]) == (128, 384)

    def test_leaves_nothing_when_a_rule_is_broken(self, engineer, team, model):
        with pytest.raises(DeploymentRulesBrokenError):
            endpoint_of(engineer, team, model, spec=spec_of(model, model_family="gpt"))

        assert not Endpoint.objects.exists()
        assert not Decision.objects.filter(transition="deploy").exists()
        assert not AuditEvent.objects.filter(action="endpoint.deploy").exists()

    def test_leaves_nothing_but_the_decision_when_a_policy_refuses(self, engineer, team, model, policy):
        with pytest.raises(PolicyDeniedError) as refused:
            endpoint_of(engineer, team, model, environment="prod")

        assert refused.value.rules[0].rule == "production-needs-licence.licence_is_open"
        decision = Decision.objects.get(transition="deploy")
        assert not decision.allowed
        assert str(decision.pk) == refused.value.context["details"]["decision_id"]
        assert decision.facts["model"]["name"] == model.name
        assert not Endpoint.objects.exists()
        assert not EndpointRevision.objects.exists()

    def test_asks_the_policies_also_where_they_have_nothing_to_say(self, engineer, team, model, policy):
        endpoint = endpoint_of(engineer, team, model, environment="dev")

        decision = Decision.objects.get(pk=endpoint.revision.decision_id)
        assert (decision.allowed, decision.results) == (True, [])

    def test_shows_policies_everything_that_is_known_of_the_model(self, engineer, team, model):
        endpoint = endpoint_of(engineer, team, model)

        facts = Decision.objects.get(pk=endpoint.revision.decision_id).facts
        assert facts["files"]["all_safe"] is True
        assert facts["subject"]["model"]["files_digest"] == model.digest
        assert "training" in facts

    def test_refuses_who_may_not(self, viewer, outsider, team, model):
        with pytest.raises(PermissionRefusedError):
            endpoint_of(viewer, team, model)
        with pytest.raises(NotFoundError):
            endpoint_of(outsider, team, model)

    @pytest.mark.django_db(transaction=True)
    def test_gives_a_route_to_one_of_those_who_ask_at_once(self, engineer, team, model):
        outcomes = []

        def ask() -> None:
            try:
                endpoint_of(engineer, team, model)
                outcomes.append("made")
            except DeploymentRulesBrokenError as error:
                outcomes.append(error.rules[0].rule)
            finally:
                connection.close()

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(outcomes) == ["made"] + ["route_name_free"] * 4
        assert (Endpoint.objects.count(), EndpointRevision.objects.count()) == (1, 1)


class TestUpdateEndpoint:
    def test_changes_the_prompt_by_a_new_revision(self, engineer, team, endpoint):
        prompt = prompt_version(engineer, team)

        changed = services.update_endpoint(actor=engineer, endpoint=endpoint, prompt_version=prompt)

        assert (changed.revision.number, changed.revision.cause) == (2, "prompt")
        assert changed.revision.server_digest == endpoint.revision.server_digest
        assert changed.revision.digest != endpoint.revision.digest
        without = services.update_endpoint(actor=engineer, endpoint=changed, without_prompt=True)
        assert without.revision.prompt_version is None

    def test_changes_the_scaling(self, engineer, endpoint):
        changed = services.update_endpoint(actor=engineer, endpoint=endpoint, scaling={"target": 4})

        assert (changed.revision.cause, changed.revision.spec["scaling"]["target"]) == ("scale", 4)

    def test_refuses_to_change_nothing(self, engineer, endpoint):
        with pytest.raises(NothingChangedError):
            services.update_endpoint(actor=engineer, endpoint=endpoint, scaling={})

        assert endpoint.revisions.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_loses_no_change_of_two_at_once(self, engineer, team, endpoint):
        first = prompt_version(engineer, team)
        second = add_version(actor=engineer, template=first.template, user="Other {{ message }}")

        def change(prompt) -> None:
            services.update_endpoint(actor=engineer, endpoint=endpoint, prompt_version=prompt)
            connection.close()

        threads = [threading.Thread(target=change, args=(prompt,)) for prompt in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(endpoint.revisions.values_list("number", flat=True)) == [1, 2, 3]


class TestRedeploy:
    def test_asks_for_a_server_of_its_own(self, engineer, endpoint):
        again = services.redeploy(actor=engineer, endpoint=endpoint, reason="It leaks")

        assert again.revision.digest == endpoint.revision.digest
        assert again.revision.server_digest != endpoint.revision.server_digest

    def test_puts_another_model_behind_the_route(self, engineer, endpoint, other_model):
        changes = {"model_ref": f"{other_model.name}:{other_model.version}", "runtime": {"max_output_tokens": 9}}

        changed = services.redeploy(actor=engineer, endpoint=endpoint, changes=changes)

        assert changed.revision.model_version == other_model
        assert changed.revision.spec["runtime"]["max_output_tokens"] == 9
        assert changed.revision.spec["runtime"]["max_input_tokens"] == 384

    def test_keeps_every_rule(self, engineer, team, model, other_model):
        production = endpoint_of(engineer, team, model, environment="prod")

        with pytest.raises(DeploymentRulesBrokenError, match="under review; prod takes models that are approved"):
            services.redeploy(actor=engineer, endpoint=production, changes={"model_ref": str(other_model.pk)})

        assert production.revisions.count() == 1

    def test_refuses_a_model_that_was_deprecated_meanwhile(self, engineer, endpoint, model):
        ModelVersion.objects.filter(pk=model.pk).update(status="deprecated")

        with pytest.raises(DeploymentRulesBrokenError, match="is deprecated"):
            services.redeploy(actor=engineer, endpoint=endpoint)


class TestRollback:
    def test_goes_back_to_the_last_revision_that_was_healthy(self, machine, healthy_endpoint, engineer, other_model):
        services.redeploy(actor=engineer, endpoint=healthy_endpoint, changes={"model_ref": str(other_model.pk)})

        back = services.rollback(actor=engineer, endpoint=healthy_endpoint)

        assert (back.revision.number, back.revision.cause) == (3, "rollback")
        assert back.revision.model_version == healthy_endpoint.revision.model_version
        assert back.revision.reason == "Back to revision 1."
        assert healthy(back).servers.count() <= 2

    def test_takes_the_revision_named(self, engineer, endpoint, other_model):
        services.redeploy(actor=engineer, endpoint=endpoint, changes={"model_ref": str(other_model.pk)})

        back = services.rollback(actor=engineer, endpoint=endpoint, number=1)

        assert back.revision.digest == endpoint.revision.digest

    def test_refuses_where_there_is_nothing_to_go_back_to(self, engineer, endpoint):
        with pytest.raises(NoGoodRevisionError):
            services.rollback(actor=engineer, endpoint=endpoint)
        with pytest.raises(RevisionInForceError):
            services.rollback(actor=engineer, endpoint=endpoint, number=1)
        with pytest.raises(NotFoundError, match="has no revision 7"):
            services.rollback(actor=engineer, endpoint=endpoint, number=7)

        assert endpoint.revisions.count() == 1

    def test_refuses_files_that_have_changed_since(self, engineer, endpoint, other_model):
        services.redeploy(actor=engineer, endpoint=endpoint, changes={"model_ref": str(other_model.pk)})
        services.redeploy(
            actor=engineer, endpoint=endpoint, changes={"model_ref": str(endpoint.revision.model_version_id)}
        )
        ModelVersion.objects.filter(pk=other_model.pk).update(digest="sha256:" + "1" * 64)

        with pytest.raises(DeploymentRulesBrokenError, match="have changed since that revision"):
            services.rollback(actor=engineer, endpoint=endpoint, number=2)


class TestPromote:
    def test_deploys_what_is_served_to_the_next_environment(self, machine, healthy_endpoint, engineer):
        promoted = services.promote(actor=engineer, endpoint=healthy_endpoint, route_name="voc-stg")

        assert (promoted.environment, promoted.revision.cause) == ("stg", "promote")
        assert promoted.revision.model_digest == healthy_endpoint.serving_revision.model_digest
        again = services.promote(actor=engineer, endpoint=healthy_endpoint, route_name="voc-prod", environment="prod")
        assert again.environment == "prod"

    def test_adds_a_revision_where_the_route_is_the_teams_own(self, machine, healthy_endpoint, engineer):
        first = services.promote(actor=engineer, endpoint=healthy_endpoint, route_name="voc-stg")

        second = services.promote(actor=engineer, endpoint=healthy_endpoint, route_name="voc-stg")

        assert second.pk == first.pk
        assert second.revision.number == 2

    def test_refuses_a_route_that_is_somewhere_else(self, machine, healthy_endpoint, engineer):
        with pytest.raises(DeploymentRulesBrokenError, match="The route 'voc' is taken"):
            services.promote(actor=engineer, endpoint=healthy_endpoint, route_name="voc")

    def test_refuses_what_serves_nothing_or_has_nowhere_to_go(self, machine, endpoint, engineer, team, model):
        with pytest.raises(NothingServedError):
            services.promote(actor=engineer, endpoint=endpoint, route_name="voc-stg")
        production = healthy(endpoint_of(engineer, team, model, route_name="voc-prod", environment="prod"))
        with pytest.raises(NowhereToPromoteError):
            services.promote(actor=engineer, endpoint=production, route_name="voc-2")

    def test_asks_the_policies_of_the_next_environment(self, machine, healthy_endpoint, engineer, policy):
        with pytest.raises(PolicyDeniedError):
            services.promote(actor=engineer, endpoint=healthy_endpoint, route_name="voc-prod", environment="prod")

        assert Endpoint.objects.count() == 1


class TestPauseAndDelete:
    def test_record_what_is_wanted_once(self, engineer, endpoint):
        services.pause(actor=engineer, endpoint=endpoint, reason="Costs")

        with pytest.raises(AlreadySoError):
            services.pause(actor=engineer, endpoint=endpoint)
        event = AuditEvent.objects.get(action="endpoint.pause")
        assert (event.before, event.after, event.reason) == ({"wanted": "serve"}, {"wanted": "pause"}, "Costs")

    def test_let_nobody_deploy_to_what_is_deleted(self, engineer, manager, endpoint):
        services.delete_endpoint(actor=manager, endpoint=endpoint)

        for verb in (services.redeploy, services.pause, services.rollback):
            with pytest.raises(EndpointGoneError):
                verb(actor=engineer, endpoint=endpoint)

    def test_leave_deleting_to_managers(self, engineer, endpoint):
        with pytest.raises(PermissionRefusedError):
            services.delete_endpoint(actor=engineer, endpoint=endpoint)

        endpoint.refresh_from_db()
        assert endpoint.wanted == Wanted.SERVE


class TestEndpointRevision:
    def test_cannot_be_changed_or_removed_even_in_the_database(self, endpoint):
        revisions = EndpointRevision.objects.filter(pk=endpoint.revision_id)

        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            revisions.update(model_digest="sha256:0")
        Endpoint.objects.filter(pk=endpoint.pk).update(revision=None)
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            revisions.delete()


class TestLineage:
    def test_leads_from_model_and_prompt_to_the_endpoint(self, engineer, team, model):
        prompt = prompt_version(engineer, team)
        endpoint = endpoint_of(engineer, team, model, prompt_version=prompt)

        graph = lineage_of(actor=engineer, subject=endpoint)

        assert {(source, verb) for source, _, verb in graph.edges} == {(model.pk, "served by"), (prompt.pk, "used by")}
        below = lineage_of(actor=engineer, subject=model)
        assert (model.pk, endpoint.pk, "served by") in below.edges
