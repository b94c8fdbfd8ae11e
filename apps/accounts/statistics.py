"""What PostgreSQL knows of how many rows each team and project has.

It keeps count of the 100 commonest values of a column and takes every other to be as common as the rest on average. A
list of a small team's objects is then planned as one of an average team's: read from the newest object of all teams
backwards, until a page is full, which it never is. With 1,000 it knows the small ones apart.
"""

from typing import Any

from django.db import connections

TARGET = 1000
COARSE = """
SELECT table_.oid::regclass::text, quote_ident(column_.attname)
FROM pg_constraint key
JOIN pg_class table_ ON table_.oid = key.conrelid AND table_.relkind IN ('r', 'p')
JOIN pg_attribute column_ ON column_.attrelid = table_.oid AND column_.attnum = key.conkey[1]
WHERE key.contype = 'f' AND array_length(key.conkey, 1) = 1
  AND key.confrelid IN ('accounts_team'::regclass, 'accounts_project'::regclass)
  AND coalesce(column_.attstattarget, -1) < %s
"""


def count_by_scope(*, using: str = "default", **_: Any) -> None:
    """After a migration: have every column that refers to a team or a project counted finely enough."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('accounts_team') IS NOT NULL AND to_regclass('accounts_project') IS NOT NULL"
        )
        if not cursor.fetchone()[0]:
            return
        cursor.execute(COARSE, [TARGET])
        for table, column in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {TARGET}")
