"""Roles on organisations, teams and projects: what they reach, when they end, who may give them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts import services
from apps.accounts.errors import (
    AdministratorsOnlyError,
    ExpiryPastError,
    LastManagerError,
    NameTakenError,
    PermissionRefusedError,
    ProjectOfOtherTeamError,
    RoleOfPeopleError,
    RoleTooFarError,
)
from apps.accounts.models import Membership, Project
from apps.accounts.permissions import ROLES_OF_PEOPLE, Permission, Role
from apps.accounts.selectors import (
    allows,
    has_role_on,
    may_somewhere,
    people_with,
    projects_where,
    require_on_team,
    teams_where,
    visible_teams,
    visible_to,
)
from apps.accounts.sign_in import PeopleBackend
from apps.catalog.models import ModelVersion
from apps.catalog.tests.factories import draft
from apps.core.errors import NotFoundError
from apps.governance.models import AuditEvent
from conftest import by_hand, hold, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(team, superuser):
    return services.create_project(actor=superuser, team=team, slug="refunds", name="Refunds")


@pytest.fixture
def newcomer(db):
    return make_user("newcomer")


@pytest.fixture
def give(superuser):
    def given(user, scope, role=Role.ENGINEER, **more):
        return services.give_role(actor=superuser, user=user, scope=scope, role=role, **more)

    return given


@pytest.fixture
def models(engineer, team, project):
    """One model of the whole team, one of its project."""
    return draft(engineer, team, name="whole"), draft(engineer, team, name="part", project=project)


def seen(person, permission=Permission.READ):
    """Names of the models that a person may see, asked for as the request of a session would, and as a task would."""
    by_task = visible_to(person, ModelVersion.objects.all(), permission)
    by_session = visible_to(PeopleBackend().get_user(person.pk), ModelVersion.objects.all(), permission)
    names = {model.name for model in by_task}
    assert {model.name for model in by_session} == names, "both ways to a list agree"
    assert {model.name for model in ModelVersion.objects.all() if allows(person, permission, model)} == names
    return names


class TestInheritance:
    def test_a_role_on_the_organisation_reaches_its_teams_and_their_projects(
        self, newcomer, organisation, team, other_team, give, models
    ):
        give(newcomer, organisation)

        assert seen(newcomer) == {"whole", "part"}
        assert set(teams_where(newcomer, Permission.EDIT)) == {team, other_team}

    def test_a_role_on_the_team_reaches_its_projects(self, newcomer, team, project, give, models):
        give(newcomer, team)

        assert seen(newcomer) == {"whole", "part"}
        assert list(projects_where(newcomer, Permission.EDIT)) == [project]

    def test_a_role_on_a_project_reaches_that_and_no_more(self, newcomer, team, project, give, models):
        give(newcomer, project)

        assert seen(newcomer) == {"part"}
        assert list(teams_where(newcomer, Permission.EDIT)) == []
        assert list(visible_teams(actor=newcomer)) == [team]
        assert may_somewhere(newcomer, Permission.EDIT)

    def test_a_role_on_another_organisation_reaches_nothing_here(self, newcomer, superuser, give, models):
        elsewhere = services.create_organisation(actor=superuser, slug="elsewhere", name="Elsewhere")
        give(newcomer, elsewhere)

        assert seen(newcomer) == set()

    def test_people_are_found_by_roles_above_and_on_the_project(self, organisation, team, project, give):
        people = [make_user(name) for name in ("of-organisation", "of-team", "of-project")]
        for person, scope in zip(people, (organisation, team, project), strict=True):
            give(person, scope, Role.APPROVER)

        assert set(people_with(Permission.APPROVE, team.pk, project.pk)) == set(people)
        assert set(people_with(Permission.APPROVE, team.pk)) == set(people[:2])
        assert not has_role_on(people[2], Permission.APPROVE, team.pk)

    def test_nobody_breaks_the_glass_of_a_whole_organisation(self, newcomer, organisation, give):
        with pytest.raises(RoleTooFarError, match="on a team or a project"):
            give(newcomer, organisation, Role.BREAK_GLASS)
        with pytest.raises(IntegrityError, match="membership_role_near"), transaction.atomic():
            Membership.objects.create(user=newcomer, organisation=organisation, role=Role.BREAK_GLASS)


class TestExpiry:
    def test_an_expired_role_is_not_held_though_no_job_ran(self, newcomer, team, give, models):
        held = give(newcomer, team, expires_at=timezone.now() + timedelta(hours=1))
        assert seen(newcomer) == {"whole", "part"}

        with by_hand():
            Membership.objects.filter(pk=held.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

        assert seen(newcomer) == set()
        assert list(visible_teams(actor=newcomer)) == []
        assert newcomer not in people_with(Permission.EDIT, team.pk)
        with pytest.raises(NotFoundError):
            require_on_team(newcomer, Permission.EDIT, team)

    def test_giving_it_again_moves_the_end_and_is_told_once(self, newcomer, team, give):
        end = timezone.now() + timedelta(days=1)
        first = give(newcomer, team, expires_at=end)
        give(newcomer, team, expires_at=end)
        later = give(newcomer, team)

        assert (later.pk, later.expires_at) == (first.pk, None)
        assert AuditEvent.objects.filter(action="role.given", subject_id=team.pk).count() == 2

    def test_an_end_in_the_past_is_refused(self, newcomer, team, give):
        with pytest.raises(ExpiryPastError):
            give(newcomer, team, expires_at=timezone.now())
        assert not Membership.objects.filter(user=newcomer).exists()

    def test_a_manager_whose_time_is_over_is_no_manager_left(self, team, manager, newcomer, give, superuser):
        other = give(newcomer, team, Role.MANAGER, expires_at=timezone.now() + timedelta(days=1))
        with by_hand():
            Membership.objects.filter(pk=other.pk).update(expires_at=timezone.now() - timedelta(days=1))

        with pytest.raises(LastManagerError):
            services.take_role(actor=superuser, membership=manager.memberships.get())


class TestGiving:
    def test_a_manager_gives_below_and_nowhere_else(self, manager, newcomer, team, other_team, project, organisation):
        services.give_role(actor=manager, user=newcomer, scope=project, role=Role.VIEWER)

        for scope in (other_team, organisation):
            with pytest.raises((NotFoundError, PermissionRefusedError)):
                services.give_role(actor=manager, user=newcomer, scope=scope, role=Role.VIEWER)
        assert [held.scope for held in newcomer.memberships.all()] == [project]

    def test_a_manager_of_a_project_does_not_reach_the_team(self, newcomer, team, project, give, viewer):
        give(newcomer, project, Role.MANAGER)

        services.give_role(actor=newcomer, user=viewer, scope=project, role=Role.ENGINEER)
        with pytest.raises(PermissionRefusedError):
            services.give_role(actor=newcomer, user=viewer, scope=team, role=Role.ENGINEER)

    @pytest.mark.parametrize("role", sorted(ROLES_OF_PEOPLE))
    def test_a_program_neither_judges_nor_breaks_the_glass(self, manager, team, role):
        robot = services.create_service_account(actor=manager, team=team, name="nightly")

        with pytest.raises(RoleOfPeopleError):
            services.give_role(actor=manager, user=robot, scope=team, role=Role(role))

    def test_taking_twice_is_taking_once(self, manager, newcomer, team, give):
        held = give(newcomer, team)
        services.take_role(actor=manager, membership=held)
        services.take_role(actor=manager, membership=held)

        assert AuditEvent.objects.filter(action="role.taken").count() == 1

    def test_the_database_keeps_one_scope_to_a_role_and_a_role_once(self, newcomer, team, project, organisation):
        for columns in ({}, {"team": team, "project": project}, {"team": team, "organisation": organisation}):
            with pytest.raises(IntegrityError, match="role_on_one_scope"), transaction.atomic():
                Membership.objects.create(user=newcomer, role=Role.VIEWER, **columns)
        hold(newcomer, team, Role.VIEWER)
        with pytest.raises(IntegrityError, match="role_held_once"), transaction.atomic():
            Membership.objects.create(user=newcomer, role=Role.VIEWER, team=team)


class TestMaking:
    def test_each_thing_made_or_renamed_is_told_once(self, superuser, organisation):
        team = services.create_team(actor=superuser, organisation=organisation, slug="risk", name="Risk")
        services.rename_scope(actor=superuser, scope=team, name="Risk and control")
        services.rename_scope(actor=superuser, scope=team, name="Risk and control")

        told = AuditEvent.objects.filter(subject_id=team.pk).order_by("pk")
        assert [(event.action, event.after["name"]) for event in told] == [
            ("team.created", "Risk"),
            ("team.renamed", "Risk and control"),
        ]

    def test_is_refused_to_who_may_not_and_leaves_nothing(self, manager, engineer, team, organisation):
        with pytest.raises(AdministratorsOnlyError):
            services.create_organisation(actor=manager, slug="mine", name="Mine")
        with pytest.raises(PermissionRefusedError):
            services.create_team(actor=manager, organisation=organisation, slug="mine", name="Mine")
        with pytest.raises(PermissionRefusedError):
            services.create_project(actor=engineer, team=team, slug="mine", name="Mine")
        assert not AuditEvent.objects.filter(action__endswith=".created").exists()

    def test_a_slug_is_taken_once_a_team(self, manager, superuser, team, other_team, project):
        services.create_project(actor=superuser, team=other_team, slug="refunds", name="Refunds")
        with pytest.raises(NameTakenError):
            services.create_project(actor=manager, team=team, slug="refunds", name="Refunds again")


class TestProjectsOfThings:
    def test_a_project_of_another_team_is_refused(self, engineer, team, other_team, superuser):
        foreign = services.create_project(actor=superuser, team=other_team, slug="parcels", name="Parcels")
        with pytest.raises(ProjectOfOtherTeamError, match="'parcels' is none of team 'voc'"):
            draft(engineer, team, project=foreign)
        assert not ModelVersion.objects.exists()

    def test_the_database_keeps_project_and_team_together(self, models, other_team, superuser):
        foreign = services.create_project(actor=superuser, team=other_team, slug="parcels", name="Parcels")
        ModelVersion.objects.filter(pk=models[0].pk).update(project=foreign)
        with pytest.raises(IntegrityError, match="catalog_modelversion_project_of_team"):
            connection.check_constraints()

    def test_who_works_on_a_project_makes_things_in_it_alone(self, newcomer, team, project, give):
        give(newcomer, project)

        assert draft(newcomer, team, name="mine", project=project).project == project
        with pytest.raises(PermissionRefusedError):
            draft(newcomer, team, name="theirs")

    def test_events_and_requests_about_it_are_seen_through_the_project(self, newcomer, project, give, models):
        give(newcomer, project, Role.AUDITOR)

        events = visible_to(newcomer, AuditEvent.objects.all(), Permission.AUDIT)
        assert {event.subject_id for event in events} == {models[1].pk, project.pk}

    def test_every_table_that_has_a_project_has_the_constraint(self):
        owned = {model._meta.db_table for model in _owned_models()}
        with connection.cursor() as cursor:
            cursor.execute("SELECT conrelid::regclass::text FROM pg_constraint WHERE conname LIKE '%%project_of_team'")
            kept = {table for (table,) in cursor.fetchall()}

        assert kept == owned


def _owned_models():
    from django.apps import apps  # noqa: PLC0415

    from apps.accounts.models import Owned  # noqa: PLC0415

    return [model for model in apps.get_models() if issubclass(model, Owned)]


def test_a_project_is_seen_by_who_holds_a_role_there_or_above(newcomer, project, give, organisation):
    assert not visible_to(newcomer, Project.objects.all()).exists()

    give(newcomer, organisation, Role.VIEWER)

    assert list(visible_to(newcomer, Project.objects.all())) == [project]
