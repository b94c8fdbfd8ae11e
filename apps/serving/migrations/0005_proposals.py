"""A revision may wait for approval: it leaves "proposed", once, and otherwise never changes, as before."""

from django.db import migrations, models

from apps.governance.operations import demand_events

STATUSES = [("proposed", "Waits for approval"), ("made", "Made"), ("closed", "Not made")]
SETTLED = """
DROP TRIGGER endpointrevision_is_immutable ON serving_endpointrevision;
CREATE TRIGGER endpointrevision_is_immutable BEFORE UPDATE ON serving_endpointrevision
    FOR EACH ROW
    WHEN (to_jsonb(OLD) - ARRAY['became_healthy_at', 'status'] IS DISTINCT FROM
              to_jsonb(NEW) - ARRAY['became_healthy_at', 'status']
          OR (OLD.status <> NEW.status AND OLD.status <> 'proposed'))
    EXECUTE FUNCTION serving_refuse_change();
"""
BEFORE = """
DROP TRIGGER endpointrevision_is_immutable ON serving_endpointrevision;
CREATE TRIGGER endpointrevision_is_immutable BEFORE UPDATE ON serving_endpointrevision
    FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'became_healthy_at' IS DISTINCT FROM to_jsonb(NEW) - 'became_healthy_at')
    EXECUTE FUNCTION serving_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("serving", "0004_demand_events"), ("governance", "0013_audit_in_projects")]
    operations = [
        # What there is was put in force as it was made.
        migrations.AddField(
            model_name="endpointrevision",
            name="status",
            field=models.CharField(choices=STATUSES, default="made", max_length=20),
        ),
        migrations.AlterField(
            model_name="endpointrevision",
            name="status",
            field=models.CharField(choices=STATUSES, default="proposed", max_length=20),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="status",
            field=models.CharField(
                choices=[
                    ("awaiting", "Waits for approval"),
                    ("pending", "Pending"),
                    ("deploying", "Deploying"),
                    ("healthy", "Healthy"),
                    ("degraded", "Degraded"),
                    ("failed", "Failed"),
                    ("paused", "Paused"),
                    ("deleted", "Deleted"),
                ],
                default="pending",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="wanted",
            field=models.CharField(
                choices=[
                    ("wait", "Wait for approval"),
                    ("serve", "Serve"),
                    ("pause", "Be paused"),
                    ("delete", "Be deleted"),
                ],
                default="serve",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="endpointrevision",
            name="decision_id",
            field=models.UUIDField(
                blank=True, help_text="The policy decision under which it was made or proposed.", null=True
            ),
        ),
        migrations.RunSQL(SETTLED, BEFORE),
        demand_events("serving_endpointrevision", watched=("status",)),
    ]
