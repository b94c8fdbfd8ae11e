from django.db import migrations

from apps.governance.operations import demand_events


class Migration(migrations.Migration):
    dependencies = [("training", "0002_hour_usd"), ("governance", "0005_demand_events")]
    operations = [
        demand_events("training_trainingjob", watched=("status", "wanted", "spec", "output_model_id")),
    ]
