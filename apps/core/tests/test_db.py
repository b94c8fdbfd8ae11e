"""Statements that go past the ORM are part of what goes through it."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.db import rows_prepared, run_prepared

pytestmark = pytest.mark.django_db


def test_they_are_counted_where_the_orms_are():
    with CaptureQueriesContext(connection) as captured:
        rows = rows_prepared("SELECT %s::int", [7])

    assert rows == [(7,)]
    assert len(captured) == 1


def test_they_fail_with_djangos_errors():
    with pytest.raises(DatabaseError), transaction.atomic():
        run_prepared("SELECT 1 / %s::int", [0])


def test_they_belong_to_the_transaction_in_progress():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE noted (number int) ON COMMIT DROP")
    with transaction.atomic():
        run_prepared("INSERT INTO noted VALUES (%s)", [1])
        transaction.set_rollback(True)

    assert rows_prepared("SELECT count(*) FROM noted") == [(0,)]
