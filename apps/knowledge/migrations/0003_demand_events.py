from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0002_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events("knowledge_collection"),
    ]
