"""The gateway hears of roles on organisations and projects, of their ends, and of where keys may be used from."""

from importlib import import_module

from django.db import migrations

trigger = import_module("apps.gateway.migrations.0001_notify").trigger

BEFORE = {
    "accounts_apikey": ("sha256", "user_id", "scopes", "expires_at", "revoked_at"),
    "accounts_membership": ("user_id", "team_id", "role"),
    "serving_endpoint": ("route_name", "owner_team_id", "status", "serving_revision_id", "address"),
}
MORE = {
    "accounts_apikey": ("networks",),
    "accounts_membership": ("organisation_id", "project_id", "expires_at"),
    "serving_endpoint": ("project_id",),
}
NEW = {"accounts_team": ("organisation_id", "slug")}


def dropped(tables):
    return "".join(f"DROP TRIGGER gateway_hears ON {table};" for table in tables)


AFTER = {table: columns + MORE[table] for table, columns in BEFORE.items()} | NEW


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0001_notify"),
        ("accounts", "0003_scopes"),
        ("serving", "0003_project"),
    ]
    operations = [
        migrations.RunSQL(
            dropped(BEFORE) + "".join(trigger(*watched) for watched in AFTER.items()),
            dropped(AFTER) + "".join(trigger(*watched) for watched in BEFORE.items()),
        )
    ]
