from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("serving", "0003_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events(
            "serving_endpoint", watched=("revision_id", "serving_revision_id", "wanted", "route_name", "environment")
        ),
        demand_events("serving_endpointgrant", subject="content_object_id"),
    ]
