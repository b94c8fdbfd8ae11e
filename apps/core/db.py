"""What PostgreSQL offers beyond Django's ORM."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection


def try_lock(number: int) -> bool:
    """Take the advisory lock `number` until the current transaction ends; False when somebody else has it."""
    assert connection.in_atomic_block, "an advisory lock lasts as long as a transaction"  # noqa: S101
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def run_prepared(statement: str, parameters: Sequence[Any]) -> int:
    """Run a statement that the server parses and plans once for each connection; return how many rows it touched.

    For the few statements that run thousands of times a second, with PostgreSQL's own types for every parameter. It
    belongs to the transaction of the Django connection, and fails with Django's errors.
    """
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.rowcount
