"""A change of a governed row without an audit event about it fails, whatever way it was made."""

from django.db import migrations

from apps.governance.operations import demand_events

CREATE = """
CREATE FUNCTION governance_refuse_without_event(changed_table oid, operation text, subject uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM governance_auditevent event
        WHERE event.tx = pg_current_xact_id() AND event.subject_id = subject
    ) THEN
        RETURN;
    END IF;
    -- For restoring data by hand: the owner of the table may say so; the role that the portal runs as may not.
    IF current_setting('governance.unaudited', true) = 'on' AND pg_has_role(
        session_user, (SELECT relowner FROM pg_class WHERE oid = changed_table), 'USAGE'
    ) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION '% of % (%) without an audit event in its transaction', operation, changed_table::regclass, subject
        USING ERRCODE = 'integrity_constraint_violation',
        HINT = 'Change it by a service: it writes the event.';
END $$;
CREATE FUNCTION governance_demand_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance_refuse_without_event(
        TG_RELID, TG_OP, (to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[0])::uuid
    );
    RETURN NULL;
END $$;
CREATE FUNCTION governance_demand_event_about_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM governance_refuse_without_event(TG_RELID, TG_OP, (
        SELECT subject_id FROM governance_approvalrequest
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.request_id ELSE NEW.request_id END
    ));
    RETURN NULL;
END $$;
"""
DROP = """
DROP FUNCTION governance_demand_event_about_request();
DROP FUNCTION governance_demand_event();
DROP FUNCTION governance_refuse_without_event(oid, text, uuid);
"""
ABOUT_REQUEST = "governance_demand_event_about_request"


class Migration(migrations.Migration):
    dependencies = [("governance", "0005_approvals_in_depth"), ("accounts", "0003_scopes")]
    operations = [
        migrations.RunSQL(CREATE, DROP),
        demand_events("governance_policyversion"),
        demand_events(
            "governance_approvalrequest",
            subject="subject_id",
            unwatched=("requirements", "approvals_needed", "remind_at", "batch_id"),
        ),
        demand_events("governance_approval", subject="request_id", function=ABOUT_REQUEST),
        demand_events("governance_approvalbatch"),
        demand_events("governance_accessrequest", unwatched=("collected_at",)),
        demand_events("governance_delegation"),
        demand_events("governance_emergencymove", unwatched=("remind_at",)),
        demand_events("accounts_apikey", unwatched=("last_used_at",)),
    ]
