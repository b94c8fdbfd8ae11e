from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("prompts", "0003_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events("prompts_prompttemplate"),
        demand_events("prompts_promptversion"),
    ]
