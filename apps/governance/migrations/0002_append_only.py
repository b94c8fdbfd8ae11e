"""Audit events and decisions can be added and read, never changed or removed: the database itself refuses."""

from django.db import migrations

CREATE = """
CREATE FUNCTION governance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER auditevent_is_append_only BEFORE UPDATE OR DELETE ON governance_auditevent
    FOR EACH ROW EXECUTE FUNCTION governance_refuse_change();
CREATE TRIGGER auditevent_is_never_truncated BEFORE TRUNCATE ON governance_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change();
CREATE TRIGGER decision_is_append_only BEFORE UPDATE OR DELETE ON governance_decision
    FOR EACH ROW EXECUTE FUNCTION governance_refuse_change();
CREATE TRIGGER decision_is_never_truncated BEFORE TRUNCATE ON governance_decision
    FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change();
"""
DROP = """
DROP TRIGGER auditevent_is_append_only ON governance_auditevent;
DROP TRIGGER auditevent_is_never_truncated ON governance_auditevent;
DROP TRIGGER decision_is_append_only ON governance_decision;
DROP TRIGGER decision_is_never_truncated ON governance_decision;
DROP FUNCTION governance_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
