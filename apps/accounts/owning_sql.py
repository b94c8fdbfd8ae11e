"""What keeps a row's project and its owner team together in the database itself."""

from django.db.migrations.operations import RunSQL


def project_of_owner(table: str, *, team: str = "owner_team") -> RunSQL:
    """Return the operation of a migration by which a row of `table` has no project but one of its own team.

    A foreign key on both columns together: one that is NULL refers to nothing and is not checked.
    """
    name = f"{table}_project_of_team"
    return RunSQL(
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (project_id, {team}_id)'
        " REFERENCES accounts_project (id, team_id) DEFERRABLE INITIALLY DEFERRED",
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )
