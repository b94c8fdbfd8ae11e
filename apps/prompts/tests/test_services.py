import threading

import pytest
from django.db import DatabaseError, connection, transaction

from apps.accounts.errors import PermissionRefusedError
from apps.core.errors import NotFoundError
from apps.governance.models import AuditEvent
from apps.prompts import services
from apps.prompts.errors import (
    NameTakenError,
    NoEarlierVersionError,
    NothingChangedError,
    PromptTextError,
    UnknownVersionError,
)
from apps.prompts.models import PromptTemplate, PromptVersion
from apps.prompts.tests.factories import prompt_template


class TestCreateTemplate:
    def test_makes_the_first_version_and_finds_its_variables(self, engineer, team):
        template = services.create_template(
            actor=engineer, team=team, name="greet", system="Be {{ tone }}.", user="{{ message }}", notes="First"
        )

        version = template.versions.get()
        assert (version.number, version.variables) == (1, ["tone", "message"])
        assert version.digest.startswith("sha256:")
        actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
        assert actions == ["prompttemplate.create", "promptversion.create"]

    def test_refuses_a_name_that_the_team_has_and_leaves_nothing(self, engineer, team, template):
        with pytest.raises(NameTakenError):
            prompt_template(engineer, team, user="Other")

        assert (PromptTemplate.objects.count(), PromptVersion.objects.count()) == (1, 1)

    def test_lets_two_teams_use_one_name(self, outsider, other_team, template):
        prompt_template(outsider, other_team)

        assert PromptTemplate.objects.filter(name=template.name).count() == 2

    def test_refuses_unreadable_text_and_leaves_nothing(self, engineer, team):
        with pytest.raises(PromptTextError):
            prompt_template(engineer, team, user="{{ a|upper }}")

        assert not PromptTemplate.objects.exists()
        assert not AuditEvent.objects.exists()

    def test_refuses_who_may_not(self, viewer, outsider, team):
        with pytest.raises(PermissionRefusedError):
            prompt_template(viewer, team)
        with pytest.raises(NotFoundError):
            prompt_template(outsider, team)


class TestAddVersion:
    def test_numbers_on_and_records_what_it_follows(self, engineer, template):
        version = services.add_version(actor=engineer, template=template, user="{{ text }}", notes="Shorter")

        assert (version.number, version.variables) == (2, ["text"])
        event = AuditEvent.objects.latest("pk")
        assert (event.action, event.before["number"], event.after["number"]) == ("promptversion.create", 1, 2)
        assert event.reason == "Shorter"

    def test_refuses_the_same_text_again(self, engineer, template):
        with pytest.raises(NothingChangedError):
            services.add_version(actor=engineer, template=template, user=template.versions.get().user)

        assert template.versions.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_gives_two_at_once_a_number_each(self, engineer, template):
        refused: list[Exception] = []

        def add(index: int) -> None:
            try:
                services.add_version(actor=engineer, template=template, user=f"Text {index}")
            except Exception as error:  # noqa: BLE001  # a thread's refusal must reach the test
                refused.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=add, args=(index,)) for index in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert not refused
        assert sorted(template.versions.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6, 7]


class TestRollbackTemplate:
    def test_says_again_what_the_version_before_said(self, engineer, template):
        first = template.versions.get()
        services.add_version(actor=engineer, template=template, user="Worse")

        version = services.rollback_template(actor=engineer, template=template)

        assert (version.number, version.user, version.digest) == (3, first.user, first.digest)
        assert version.notes == "Back to version 1."

    def test_takes_the_version_named(self, engineer, template):
        for text in ("Two", "Three"):
            services.add_version(actor=engineer, template=template, user=text)

        assert services.rollback_template(actor=engineer, template=template, version=2).user == "Two"

    def test_refuses_when_there_is_nothing_to_go_back_to(self, engineer, template):
        with pytest.raises(NoEarlierVersionError):
            services.rollback_template(actor=engineer, template=template)
        with pytest.raises(NothingChangedError):
            services.rollback_template(actor=engineer, template=template, version=1)
        with pytest.raises(UnknownVersionError, match="'classify' has no version 9"):
            services.rollback_template(actor=engineer, template=template, version=9)

        assert template.versions.count() == 1


class TestPromptVersion:
    def test_cannot_be_changed_or_removed_even_in_the_database(self, template):
        version = template.versions.get()

        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            PromptVersion.objects.filter(pk=version.pk).update(user="Other")
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            version.delete()

        assert PromptVersion.objects.get(pk=version.pk).user == version.user
