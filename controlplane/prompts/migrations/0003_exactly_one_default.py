"""Lets the database keep exactly one default: a unique index allows no second, these triggers no zeroth."""

from django.db import migrations

# Whoever becomes the default takes the mark from the one that had it, so that switching is one statement.
# Of two that switch at once the second waits here, and sees what the first one did.
TAKE = """
CREATE FUNCTION prompts_take_default() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.is_default THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('prompts_default'));
    UPDATE prompts_systemprompttemplate SET is_default = FALSE WHERE is_default AND id <> NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER prompts_take_default BEFORE INSERT OR UPDATE OF is_default ON prompts_systemprompttemplate
    FOR EACH ROW WHEN (NEW.is_default) EXECUTE FUNCTION prompts_take_default();
"""
UNTAKE = """
DROP TRIGGER prompts_take_default ON prompts_systemprompttemplate;
DROP FUNCTION prompts_take_default();
"""

# At the end of the transaction, when the mark has arrived where it was to go.
KEEP = """
CREATE FUNCTION prompts_keep_default() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM prompts_systemprompttemplate WHERE is_default) THEN
        RAISE EXCEPTION 'one template is always the default'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prompts_default_kept';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER prompts_keep_default AFTER UPDATE OF is_default OR DELETE
    ON prompts_systemprompttemplate DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.is_default) EXECUTE FUNCTION prompts_keep_default();
"""
UNKEEP = """
DROP TRIGGER prompts_keep_default ON prompts_systemprompttemplate;
DROP FUNCTION prompts_keep_default();
"""


class Migration(migrations.Migration):
    """Two triggers; the default that they keep came with the migration before."""

    dependencies = [("prompts", "0002_default_assistant")]

    operations = [migrations.RunSQL(TAKE, UNTAKE), migrations.RunSQL(KEEP, UNKEEP)]
