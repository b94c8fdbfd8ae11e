from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("datasets", "0002_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events("datasets_datasetversion"),
        demand_events("datasets_datasetversiongrant", subject="content_object_id"),
    ]
