"""Tables that can be added to and read, never altered: by trigger for everybody, by grants for the portal itself.

The portal connects as a role that owns nothing. What it may do to these tables is to read them and to add rows; it
cannot even disable the triggers. Migrations run as the owner.
"""

from django.db.backends.utils import CursorWrapper
from psycopg import sql

TABLES = (
    "governance_auditcheckpoint",
    "governance_auditevent",
    "governance_auditleaf",
    "governance_audittile",
    "governance_decision",
)

GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "REVOKE CREATE ON SCHEMA public FROM {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
    # Tables of the future too, such as a partition that a function of the owner makes.
    """ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}""",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {role}",
)


def grant_to_application(cursor: CursorWrapper, *, owner: str, role: str) -> None:
    """Let `role` use every table, those of `TABLES` for adding and reading only. The caller is the owner.

    Args:
        owner: whose tables of the future are covered too.
    """
    names = {"owner": sql.Identifier(owner), "role": sql.Identifier(role)}
    for statement in GRANTS:
        cursor.execute(sql.SQL(statement).format(**names))
    for table in TABLES:
        cursor.execute(
            sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), names["role"])
        )
