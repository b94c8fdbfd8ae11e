from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("training", "0003_project"), ("governance", "0006_demand_events")]
    operations = [
        demand_events("training_trainingjob", watched=("status", "wanted", "spec", "output_model_id")),
    ]
