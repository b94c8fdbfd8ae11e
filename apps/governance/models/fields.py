"""The id of a transaction as a column: how a reader that comes later knows that it has missed nothing.

A row's own key does not tell: a transaction that began early and commits late adds rows behind a reader that goes by
the highest key. A row whose transaction is below `pg_snapshot_xmin(pg_current_snapshot())` is another matter: every
transaction below that has ended.
"""

from typing import Any

from django.db import models


class TransactionIdField(models.BigIntegerField):  # type: ignore[type-arg]  # not generic when it runs
    """PostgreSQL's `xid8`: the number of a transaction, which never comes again."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:  # noqa: ARG002
        return None if value is None else int(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002
        # As text: there is no cast from an integer to xid8.
        return str(value) if isinstance(value, int) else value


class CurrentTransaction(models.Func):
    """The transaction that this statement belongs to."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = TransactionIdField()


class FirstRunningTransaction(models.Func):
    """The oldest transaction that may still be running: all below it have ended."""

    template = "pg_snapshot_xmin(pg_current_snapshot())"
    arity = 0
    output_field = TransactionIdField()


class NextTransaction(models.Func):
    """The first transaction that this snapshot knows nothing of. Rows that say they come from later ones were brought
    from another cluster, whose transactions have long ended."""

    template = "pg_snapshot_xmax(pg_current_snapshot())"
    arity = 0
    output_field = TransactionIdField()


class HourOf(models.Func):
    """The hour, in UTC, in which a moment lies. Unlike `TruncHour` it can stand in an index of a migration."""

    template = "date_trunc('hour', %(expressions)s AT TIME ZONE 'UTC')"
    arity = 1
    output_field = models.DateTimeField()
