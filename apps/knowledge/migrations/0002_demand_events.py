from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_initial"), ("governance", "0005_demand_events")]
    operations = [
        demand_events("knowledge_collection"),
    ]
