"""PostgreSQL tells the gateway when something that it decides by has changed, in the transaction of the change.

Columns that change all the time (when a key was last used, when an endpoint was last looked at) tell nothing.
"""

from django.db import migrations

CHANNEL = "gateway"

# Table to the columns whose change matters; every insertion and deletion does.
WATCHED = {
    "accounts_apikey": ("sha256", "user_id", "scopes", "expires_at", "revoked_at"),
    "accounts_membership": ("user_id", "team_id", "role"),
    "accounts_user": ("username", "is_active", "is_superuser", "kind"),
    "serving_endpoint": ("route_name", "owner_team_id", "status", "serving_revision_id", "address"),
    "serving_endpointgrant": ("user_id", "permission_id", "content_object_id", "effect", "expires_at"),
    "prompts_promptversion": (),
    "costs_price": ("unit", "applies_to", "usd", "in_force_from"),
    "costs_budget": ("owner_team_id", "month_usd", "enforced"),
}

FUNCTION = f"""
CREATE FUNCTION gateway_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('{CHANNEL}', TG_TABLE_NAME);
    RETURN NULL;
END $$;
"""


def trigger(table: str, columns: tuple[str, ...]) -> str:
    update = f" OR UPDATE OF {', '.join(columns)}" if columns else ""
    return f"""
    CREATE TRIGGER gateway_hears AFTER INSERT OR DELETE{update} ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION gateway_notify();
    """


CREATE = FUNCTION + "".join(trigger(table, columns) for table, columns in WATCHED.items())
DROP = "".join(f"DROP TRIGGER gateway_hears ON {table};" for table in WATCHED) + "DROP FUNCTION gateway_notify();"


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("serving", "0001_initial"),
        ("prompts", "0001_initial"),
        ("costs", "0001_initial"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]
