from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0003_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events("evaluation_evaluationrun", watched=("status",)),
        demand_events("evaluation_reviewcampaign"),
        demand_events("evaluation_review", subject="task_id"),
    ]
