"""What PostgreSQL offers beyond Django's ORM."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import psycopg
from django.db import connection, models
from django.db.backends.utils import CursorDebugWrapper
from psycopg.types.json import Jsonb

from apps.core.strict_json import json_bytes


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
    with _prepared(statement, parameters) as cursor:
        return cursor.rowcount


def rows_prepared(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query that the server parses and plans once for each connection; see `run_prepared`."""
    with _prepared(statement, parameters) as cursor:
        return cursor.fetchall()


@contextlib.contextmanager
def _prepared(statement: str, parameters: Sequence[Any]) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        with _logged(statement, parameters, cursor):
            cursor.execute(statement, parameters, prepare=True)
        yield cursor


def _logged(statement: str, parameters: Sequence[Any], cursor: Any) -> contextlib.AbstractContextManager[None]:
    """Have the statement counted where Django's are: by tests, and by what shows the queries of a page."""
    if not connection.queries_logged:
        return contextlib.nullcontext()
    return CursorDebugWrapper(cursor, connection).debug_sql(statement, parameters)


def in_order(model: type[models.Model], attributes: Collection[str]) -> list[str]:
    """Return `attributes` in the order in which `Model.from_db` takes their values."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in attributes]


class PreparedInsert:
    """Inserts rows of one table that are written thousands of times a second: past the ORM, whose insert takes several
    times as long as the database's.

    JSON is written strictly (`json_bytes`): what has no form in it is refused, and nothing is written in its place.

    Args:
        without: attributes that the database fills in.
    """

    def __init__(self, model: type[models.Model], *, without: Collection[str] = ()) -> None:
        meta = model._meta
        self.columns = [field.attname for field in meta.concrete_fields if field.attname not in without]
        held = ", ".join(["%s"] * len(self.columns))
        self.statement = f"INSERT INTO {meta.db_table} ({', '.join(self.columns)}) VALUES ({held})"  # noqa: S608 - names of ours

    def run(self, row: models.Model, *, once: bool = False) -> int:
        """Insert `row`; return how many rows that made: 0 for one that is there already, when it is wanted `once`."""
        values = [getattr(row, name) for name in self.columns]
        adapted = [Jsonb(value, dumps=json_bytes) if isinstance(value, dict | list) else value for value in values]
        return run_prepared(f"{self.statement} ON CONFLICT DO NOTHING" if once else self.statement, adapted)
