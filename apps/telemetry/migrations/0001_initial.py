import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SpoolPosition",
            fields=[
                ("file", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("offset", models.BigIntegerField(default=0, help_text="Bytes.")),
                ("lines", models.BigIntegerField(default=0, help_text="Taken over so far.")),
                (
                    "damaged",
                    models.BigIntegerField(default=0, help_text="Lines that could not be read and were put aside."),
                ),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "ordering": ["file"],
            },
        ),
    ]
