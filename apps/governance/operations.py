"""What migrations of governed apps use: having the database demand an audit event for each change."""

from collections.abc import Sequence

from django.db import migrations

WATCH_ALL = "(to_jsonb(OLD) - ARRAY[{unwatched}]::text[]) IS DISTINCT FROM (to_jsonb(NEW) - ARRAY[{unwatched}]::text[])"


def demand_events(
    table: str,
    *,
    subject: str = "id",
    watched: Sequence[str] = (),
    unwatched: Sequence[str] = (),
    function: str = "governance_demand_event",
) -> migrations.RunSQL:
    """Return the operation that makes a transaction fail which changes rows of `table` and writes no event about them.

    It is looked at when the transaction commits, so the event may come before the change or after it.

    Args:
        subject: the column that holds the id of the object that the event must be about.
        watched: the columns whose change needs an event; all where none is named.
        unwatched: of all, those that need none: what is only looked at, such as when something was last used.
    """
    if watched:
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in watched)
    else:
        changed = WATCH_ALL.format(unwatched=", ".join(f"'{column}'" for column in unwatched))
    names = (f"{table}_made_or_gone_demands_event", f"{table}_change_demands_event")
    create = f"""
        CREATE CONSTRAINT TRIGGER {names[0]} AFTER INSERT OR DELETE ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {function}('{subject}');
        CREATE CONSTRAINT TRIGGER {names[1]} AFTER UPDATE ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION {function}('{subject}');
    """
    drop = f"DROP TRIGGER {names[0]} ON {table}; DROP TRIGGER {names[1]} ON {table};"
    return migrations.RunSQL(create, drop)


def keep_changes(table: str) -> migrations.RunSQL:
    """Return the operation that keeps rows of a table of changes (`services.changes`) as they were proposed.

    A row leaves the status "proposed" once; nothing else of it is ever altered, and it is not removed.
    """
    name = f"{table}_is_kept"
    create = f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a change is kept as it was proposed: % of {table} is refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END $$;
        CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW
            WHEN (OLD.status <> 'proposed' OR to_jsonb(OLD) - 'status' IS DISTINCT FROM to_jsonb(NEW) - 'status')
            EXECUTE FUNCTION {name}();
        CREATE TRIGGER {name}_for_good BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();
    """
    return migrations.RunSQL(
        create, f"DROP TRIGGER {name} ON {table}; DROP TRIGGER {name}_for_good ON {table}; DROP FUNCTION {name};"
    )
