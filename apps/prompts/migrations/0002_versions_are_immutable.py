"""A prompt version never changes: the database itself refuses."""

from django.db import migrations

CREATE = """
CREATE FUNCTION prompts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a prompt version is immutable: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER promptversion_is_immutable BEFORE UPDATE OR DELETE ON prompts_promptversion
    FOR EACH ROW EXECUTE FUNCTION prompts_refuse_change();
"""
DROP = """
DROP TRIGGER promptversion_is_immutable ON prompts_promptversion;
DROP FUNCTION prompts_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("prompts", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
