"""The people that the tests of all apps meet: the same outsider, viewer, engineer, reviewer and approver."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import override_settings

from apps.accounts.models import Membership, Organisation, Team, User
from apps.accounts.permissions import Role


def pytest_configure() -> None:
    """Passwords of test people need no protection; the real hasher takes a third of a second for each."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


APPEND_ONLY = (
    "governance_auditevent",
    "governance_auditcheckpoint",
    "governance_auditleaf",
    "governance_audittile",
    "governance_decision",
)


def make_user(username: str, **more: object) -> User:
    return User.objects.create_user(username=username, password="correct horse battery", **more)


@pytest.fixture
def organisation(db) -> Organisation:
    return Organisation.objects.create(slug="haneul", name="Haneul")


@pytest.fixture
def team(organisation) -> Team:
    return Team.objects.create(organisation=organisation, slug="voc", name="Voice of the customer")


@pytest.fixture
def other_team(organisation) -> Team:
    return Team.objects.create(organisation=organisation, slug="logistics", name="Logistics")


def member(team: Team, username: str, *roles: Role) -> User:
    user = make_user(username)
    Membership.objects.bulk_create(Membership(user=user, team=team, role=role) for role in roles)
    return user


@pytest.fixture
def outsider(other_team) -> User:
    """Everything on another team, nothing on this one."""
    return member(other_team, "outsider", *Role)


@pytest.fixture
def viewer(team) -> User:
    return member(team, "viewer", Role.VIEWER)


@pytest.fixture
def engineer(team) -> User:
    return member(team, "engineer", Role.ENGINEER)


@pytest.fixture
def reviewer(team) -> User:
    return member(team, "reviewer", Role.REVIEWER)


@pytest.fixture
def approver(team) -> User:
    return member(team, "approver", Role.APPROVER)


@pytest.fixture
def manager(team) -> User:
    return member(team, "manager", Role.MANAGER)


@pytest.fixture
def superuser(db) -> User:
    return User.objects.create_superuser(username="root", password="correct horse battery")


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_fast() -> Iterator[None]:
    """A real hash takes half a second of a busy machine for each person of each test."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _flush_may_empty_append_only_tables() -> Iterator[None]:
    """Between transactional tests the database is emptied, which the append-only triggers would refuse."""
    flush = DatabaseOperations.execute_sql_flush

    def unguarded(self: DatabaseOperations, sql_list: list[str]) -> None:
        switch("DISABLE")
        flush(self, sql_list)
        switch("ENABLE")

    def switch(triggers: str) -> None:
        with connection.cursor() as cursor:
            for table in APPEND_ONLY:
                cursor.execute(f"ALTER TABLE {table} {triggers} TRIGGER USER")

    DatabaseOperations.execute_sql_flush = unguarded  # type: ignore[method-assign]
    yield
    DatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]
