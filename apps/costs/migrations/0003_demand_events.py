from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("costs", "0002_daily_spend"), ("governance", "0005_demand_events")]
    operations = [
        demand_events("costs_budget"),
        demand_events("costs_price"),
    ]
