"""Roles are given and taken with an audit event about their scope. A decision's keys lose indexes that others begin with."""

import django.db.models.deletion
from django.db import migrations, models

from apps.governance.operations import demand_events

CREATE = """
CREATE FUNCTION governance_demand_event_about_scope() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    PERFORM governance_refuse_without_event(
        TG_RELID, TG_OP, coalesce(held.project_id, held.team_id, held.organisation_id)
    );
    RETURN NULL;
END $$;
"""
DROP = "DROP FUNCTION governance_demand_event_about_scope();"


class Migration(migrations.Migration):
    dependencies = [("governance", "0013_audit_in_projects"), ("accounts", "0003_scopes")]
    operations = [
        migrations.RunSQL(CREATE, DROP),
        demand_events("accounts_membership", subject="", function="governance_demand_event_about_scope"),
        migrations.AlterField(
            model_name="decision",
            name="subject_type",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="contenttypes.contenttype",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="team",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.team",
            ),
        ),
    ]
