"""What the role that the portal runs as may do to the tables that prove what happened: read and add."""

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from apps.governance import append_only, services
from apps.governance.tests.conftest import APPLICATION_ROLE, SMALL

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def application(engineer, team):
    """A connection as the portal's own role, to the test's database with an event in it."""
    services.save_policy_draft(actor=engineer, team=team, source=SMALL)
    owner = connection.settings_dict
    with connection.cursor() as cursor:
        append_only.grant_to_application(cursor, owner=owner["USER"], role=APPLICATION_ROLE)
    with psycopg.connect(
        host=owner["OPTIONS"].get("host") or owner["HOST"],
        port=owner["PORT"] or None,
        dbname=owner["NAME"],
        user=APPLICATION_ROLE,
        autocommit=True,
    ) as connected:
        yield connected


def column_of(table):
    """Return the name of the first column of a table."""
    with connection.cursor() as cursor:
        return connection.introspection.get_table_description(cursor, table)[0].name


@pytest.mark.parametrize("table", append_only.TABLES)
class TestTheApplicationsRole:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE {} SET {column} = {column}",
            "DELETE FROM {}",
            "TRUNCATE {}",
            "ALTER TABLE {} DISABLE TRIGGER USER",
            "DROP TABLE {}",
        ],
    )
    def test_cannot_alter_what_was_written(self, application, table, change):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(sql.SQL(change).format(sql.Identifier(table), column=sql.Identifier(column_of(table))))

    def test_cannot_switch_the_triggers_off_for_its_session(self, application, table):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("SET session_replication_role = replica")

    def test_reads_and_adds(self, application, table):
        name = sql.Identifier(table)
        held = application.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = %s AND grantee = %s",
            [table, APPLICATION_ROLE],
        )

        assert {privilege for (privilege,) in held} == {"SELECT", "INSERT"}
        application.execute(sql.SQL("SELECT count(*) FROM {}").format(name))


class TestTheRestOfTheDatabase:
    def test_is_the_applications_to_write_but_not_to_rebuild(self, application):
        application.execute("UPDATE governance_policy SET title = title")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("CREATE TABLE mine (id int)")

    def test_gets_its_partitions_from_the_owner(self, application):
        (name,) = application.execute("SELECT telemetry_add_partition('2031-05-01')").fetchone()
        assert name == "telemetry_requestevent_20310501"
        application.execute("SELECT count(*) FROM telemetry_requestevent WHERE at > '2031-05-01'")
        connection.cursor().execute(f"DROP TABLE {name}")
