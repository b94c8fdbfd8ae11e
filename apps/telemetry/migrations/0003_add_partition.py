"""Partitions are made by the owner of the table, in whose name this function runs: the portal's own role makes no tables."""

from django.db import migrations

CREATE = """
CREATE FUNCTION telemetry_add_partition(day date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    name text := 'telemetry_requestevent_' || to_char(day, 'YYYYMMDD');
    begins timestamptz := day::timestamp AT TIME ZONE 'UTC';
    ends timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN '';
    END IF;
    -- No row of the day may arrive in the default partition between the move and the attaching; and of two runs at once
    -- the second waits here and then finds the partition made.
    LOCK TABLE telemetry_requestevent_default IN ACCESS EXCLUSIVE MODE;
    IF to_regclass(name) IS NOT NULL THEN
        RETURN '';
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE telemetry_requestevent INCLUDING ALL)', name);
    EXECUTE format(
        'WITH moved AS (DELETE FROM telemetry_requestevent_default WHERE at >= %L AND at < %L RETURNING *)'
        ' INSERT INTO %I SELECT * FROM moved', begins, ends, name
    );
    EXECUTE format(
        'ALTER TABLE telemetry_requestevent ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, begins, ends
    );
    RETURN name;
END $$;
REVOKE ALL ON FUNCTION telemetry_add_partition FROM PUBLIC;
"""
DROP = "DROP FUNCTION telemetry_add_partition;"


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0002_request_events_by_day")]
    operations = [migrations.RunSQL(CREATE, DROP)]
