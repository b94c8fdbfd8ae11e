"""A revision never changes but for the moment when it first was healthy: the database itself refuses."""

from django.db import migrations

CREATE = """
CREATE FUNCTION serving_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a revision of an endpoint is immutable: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER endpointrevision_is_immutable BEFORE UPDATE ON serving_endpointrevision
    FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'became_healthy_at' IS DISTINCT FROM to_jsonb(NEW) - 'became_healthy_at')
    EXECUTE FUNCTION serving_refuse_change();
CREATE TRIGGER endpointrevision_is_kept BEFORE DELETE ON serving_endpointrevision
    FOR EACH ROW EXECUTE FUNCTION serving_refuse_change();
"""
DROP = """
DROP TRIGGER endpointrevision_is_immutable ON serving_endpointrevision;
DROP TRIGGER endpointrevision_is_kept ON serving_endpointrevision;
DROP FUNCTION serving_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("serving", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
