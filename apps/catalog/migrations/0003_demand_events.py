from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events("catalog_modelversion"),
        demand_events("catalog_modelfile", subject="model_version_id"),
        demand_events("catalog_modelversiongrant", subject="content_object_id"),
    ]
