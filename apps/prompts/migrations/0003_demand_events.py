from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("prompts", "0002_versions_are_immutable"), ("governance", "0005_demand_events")]
    operations = [
        demand_events("prompts_prompttemplate"),
        demand_events("prompts_promptversion"),
    ]
