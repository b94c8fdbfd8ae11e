"""The people that the tests of all apps meet: the same outsider, viewer, engineer, reviewer and approver."""

import contextlib
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import override_settings
from rest_framework.test import APIClient

from apps.accounts.models import Membership, Organisation, Team, User
from apps.accounts.permissions import KNOWN_SCOPES, Role
from apps.accounts.services import create_api_key
from apps.governance import append_only


def pytest_configure() -> None:
    """Passwords of test people need no protection; the real hasher takes a third of a second for each."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


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
    hold(user, team, *roles)
    return user


def hold(user: User, team: Team, *roles: str) -> None:
    """Have a person hold roles on a team, by hand."""
    with by_hand():
        Membership.objects.bulk_create(Membership(user=user, team=team, role=role) for role in roles)


def lose(**held: object) -> None:
    """Have people lose roles, by hand."""
    with by_hand():
        Membership.objects.filter(**held).delete()


def caller(user: User) -> APIClient:
    """Return an API client that calls with a key of `user`, as programs do: one that may do all that its owner may."""
    token = create_api_key(actor=user, name="test", scopes=list(KNOWN_SCOPES)).token
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@contextlib.contextmanager
def by_hand() -> Iterator[None]:
    """Let what is written inside go without audit events: rows that a test puts there as the owner of the tables."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('governance.unaudited', true)")
        (before,) = cursor.fetchone()
        cursor.execute("SET LOCAL governance.unaudited = 'on'")
        yield
        # What was written is looked at now: in a test that is one transaction, all that comes after has to have events.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SELECT set_config('governance.unaudited', %s, true)", [before or ""])


@pytest.fixture
def unaudited(db) -> Iterator[None]:
    """All of the test's rows are put there by hand; see `by_hand`."""
    with by_hand():
        yield


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
            for table in append_only.TABLES:
                cursor.execute(f"ALTER TABLE {table} {triggers} TRIGGER USER")

    DatabaseOperations.execute_sql_flush = unguarded  # type: ignore[method-assign]
    yield
    DatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]
