"""The ledger is append-only, and its daily sums are kept by the database in the transaction of each entry.

So a sum can never differ from its entries, whoever books them, and the spend of a month is read from a few rows.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION costs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ledgerentry_is_append_only BEFORE UPDATE OR DELETE ON costs_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION costs_refuse_change();

CREATE FUNCTION costs_add_to_daily_spend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO costs_dailyspend AS spend (
        owner_team_id, day, kind, route, model_version_id,
        entries, prompt_tokens, completion_tokens, cpu_hours, gpu_hours, usd
    )
    SELECT
        owner_team_id, (at AT TIME ZONE 'UTC')::date, kind, route, model_version_id,
        count(*),
        sum(coalesce((quantity ->> 'prompt_tokens')::bigint, 0)),
        sum(coalesce((quantity ->> 'completion_tokens')::bigint, 0)),
        sum(coalesce((quantity ->> 'cpu_hours')::double precision, 0)),
        sum(coalesce((quantity ->> 'gpu_hours')::double precision, 0)),
        sum(usd)
    FROM entered
    GROUP BY 1, 2, 3, 4, 5
    ORDER BY 1, 2, 3, 4, 5 -- always in one order, so that two bookings at once wait for and never block each other
    ON CONFLICT (owner_team_id, day, kind, route, model_version_id) DO UPDATE SET
        entries = spend.entries + excluded.entries,
        prompt_tokens = spend.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = spend.completion_tokens + excluded.completion_tokens,
        cpu_hours = spend.cpu_hours + excluded.cpu_hours,
        gpu_hours = spend.gpu_hours + excluded.gpu_hours,
        usd = spend.usd + excluded.usd;
    RETURN NULL;
END $$;
CREATE TRIGGER ledgerentry_counts AFTER INSERT ON costs_ledgerentry
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION costs_add_to_daily_spend();
"""
DROP = """
DROP TRIGGER ledgerentry_counts ON costs_ledgerentry;
DROP FUNCTION costs_add_to_daily_spend();
DROP TRIGGER ledgerentry_is_append_only ON costs_ledgerentry;
DROP FUNCTION costs_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("costs", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
