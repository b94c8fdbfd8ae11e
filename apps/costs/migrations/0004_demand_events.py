from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("costs", "0003_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events("costs_budget"),
        demand_events("costs_price"),
    ]
