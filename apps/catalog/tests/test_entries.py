import threading

import pytest
from django.db import connection

from apps.accounts.errors import PermissionRefusedError
from apps.catalog import services
from apps.catalog.errors import ModelRulesBrokenError, NotDeletableError, VersionFrozenError, VersionTakenError
from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories
from apps.core.errors import NotFoundError
from apps.governance.dependants import HasDependantsError
from apps.governance.models import AuditEvent


class TestCreateModel:
    def test_makes_a_draft_and_records_who_did_it(self, engineer, team):
        model = factories.draft(engineer, team)

        assert (model.status, model.version, model.digest) == ("draft", "1", "")
        event = AuditEvent.objects.get()
        assert (event.actor, event.action, event.subject()) == (engineer, "modelversion.create", model)

    def test_numbers_versions_by_itself_past_other_names_for_versions(self, engineer, team):
        versions = [factories.draft(engineer, team, version=version).version for version in (None, "v-rc1", "7", None)]

        assert versions == ["1", "v-rc1", "7", "8"]

    def test_names_every_broken_rule_at_once_and_leaves_nothing(self, engineer, team):
        with pytest.raises(ModelRulesBrokenError) as refused:
            factories.draft(
                engineer,
                team,
                name="../etc",
                model_family="Llama 3",
                license="do what you want",
                tags=["ok", "<script>"],
                type="external",
                metadata={"provider": "acme", "settings": {"api_key": "sk-1"}},
            )

        assert {rule.rule for rule in refused.value.rules} == {
            "name_plain",
            "license_spdx",
            "tag_plain",
            "metadata_without_secrets",
            "model_family_plain",
            "external_provider_known",
            "external_address_given",
        }
        assert "sk-1" not in str(refused.value)
        assert not ModelVersion.objects.exists()
        assert not AuditEvent.objects.exists()

    def test_refuses_a_version_that_is_taken(self, engineer, team):
        factories.draft(engineer, team, version="2")

        with pytest.raises(VersionTakenError, match="has a version 2 already"):
            factories.draft(engineer, team, version="2")

    def test_refuses_a_base_model_of_another_family_or_for_a_base_model(self, engineer, team):
        base = factories.draft(engineer, team)

        with pytest.raises(ModelRulesBrokenError) as refused:
            factories.draft(engineer, team, name="tuned", base_model=base, model_family="gemma")

        assert set(refused.value.fields) == {"base_model", "model_family"}

    def test_refuses_a_base_model_that_the_actor_may_not_see(self, engineer, team, outsider, other_team):
        theirs = factories.draft(outsider, other_team)

        with pytest.raises(NotFoundError):
            factories.draft(engineer, team, type="fine_tuned", base_model=theirs)

    def test_refuses_who_may_not_edit(self, viewer, outsider, team):
        with pytest.raises(PermissionRefusedError):
            factories.draft(viewer, team)
        with pytest.raises(NotFoundError):
            factories.draft(outsider, team)


class TestEditModel:
    def test_changes_what_it_says_and_records_before_and_after(self, engineer, team):
        model = factories.draft(engineer, team)

        services.edit_model(actor=engineer, model=model, changes={"license": "MIT", "description": "Short."})

        event = AuditEvent.objects.order_by("pk").last()
        assert (event.before["license"], event.after["license"]) == ("Apache-2.0", "MIT")

    def test_does_nothing_when_nothing_changes(self, engineer, team):
        model = factories.draft(engineer, team)

        services.edit_model(actor=engineer, model=model, changes={"license": model.license})

        assert AuditEvent.objects.count() == 1

    def test_voids_approvals_when_it_changes_what_they_were_for(self, engineer, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)

        services.edit_model(actor=engineer, model=model, changes={"license": "MIT"})

        assert AuditEvent.objects.filter(action="approvalrequest.void_approvals").count() == 1

    def test_refuses_to_change_what_was_approved_but_not_how_it_is_described(self, engineer, approver, team, tmp_path):
        model = factories.approved(engineer, approver, team, tmp_path)

        with pytest.raises(VersionFrozenError, match="license and metadata cannot change"):
            services.edit_model(actor=engineer, model=model, changes={"license": "MIT", "metadata": {"a": 1}})
        services.edit_model(actor=engineer, model=model, changes={"card": "# Better"})

        model.refresh_from_db()
        assert (model.license, model.card) == ("Apache-2.0", "# Better")


class TestDeleteModel:
    def test_deletes_a_draft_and_remembers_it_in_the_trail(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        services.delete_model(actor=engineer, model=model)

        assert not ModelVersion.objects.exists()
        assert AuditEvent.objects.order_by("pk").last().subject_label == "voc-classifier 1"

    def test_refuses_with_the_list_of_what_needs_it(self, engineer, team):
        base = factories.draft(engineer, team)
        tuned = factories.draft(engineer, team, name="tuned", type="fine_tuned", base_model=base)

        with pytest.raises(HasDependantsError, match="still needed by model version 'tuned 1'") as refused:
            services.delete_model(actor=engineer, model=base)

        assert [row["id"] for row in refused.value.context["details"]["dependants"]] == [str(tuned.pk)]
        assert ModelVersion.objects.count() == 2
        assert AuditEvent.objects.filter(action="modelversion.delete").count() == 0

    def test_refuses_once_it_was_submitted(self, engineer, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)

        with pytest.raises(NotDeletableError, match="Withdraw its request first"):
            services.delete_model(actor=engineer, model=model)


class TestBaseModel:
    @pytest.fixture
    def chain(self, engineer, team):
        """Three models, each tuned from the one before."""
        first = factories.draft(engineer, team, name="first", type="fine_tuned")
        second = factories.draft(engineer, team, name="second", type="fine_tuned", base_model=first)
        return first, second, factories.draft(engineer, team, name="third", type="fine_tuned", base_model=second)

    @pytest.mark.parametrize("descendant", [1, 2])
    def test_is_none_that_was_made_of_the_model_itself(self, engineer, chain, descendant):
        with pytest.raises(ModelRulesBrokenError, match="was itself tuned from this model"):
            services.edit_model(actor=engineer, model=chain[0], changes={"base_model": chain[descendant]})

        chain[0].refresh_from_db()
        assert chain[0].base_model is None

    def test_may_be_another_that_came_before(self, engineer, chain):
        first, _, third = chain

        assert services.edit_model(actor=engineer, model=third, changes={"base_model": first}).base_model == first


@pytest.mark.django_db(transaction=True)
def test_of_two_who_tune_two_models_from_each_other_at_once_one_is_refused(engineer, team):
    models = [factories.draft(engineer, team, name=name, type="fine_tuned") for name in ("x", "y")]
    begun, refused = threading.Barrier(2), []

    def edit(model, base):
        begun.wait()
        try:
            services.edit_model(actor=engineer, model=model, changes={"base_model": base})
        except ModelRulesBrokenError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=pair) for pair in (models, models[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert ModelVersion.objects.exclude(base_model=None).count() == 1
