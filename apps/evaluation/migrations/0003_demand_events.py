from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0002_hour_usd"), ("governance", "0005_demand_events")]
    operations = [
        demand_events("evaluation_evaluationrun", watched=("status",)),
        demand_events("evaluation_reviewcampaign"),
        demand_events("evaluation_review", subject="task_id"),
    ]
