"""Lets the database keep the promise that every user has preferences, and say when they have changed."""

from django.db import migrations

# By the statement: users come one by one, by the thousand, from a fixture or from plain SQL. A fixture that
# brings the preferences itself, before or after the user, finds the row or is found.
MAKE = """
CREATE FUNCTION preferences_make() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO preferences_userpreference (user_id) SELECT id FROM made ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER preferences_make AFTER INSERT ON accounts_customuser
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION preferences_make();
"""
UNMAKE = "DROP TRIGGER preferences_make ON accounts_customuser; DROP FUNCTION preferences_make();"

# A row that is deleted while its user stays comes back as new. At the end of the transaction, since Django
# deletes the preferences of a user before the user.
REMAKE = """
CREATE FUNCTION preferences_remake() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO preferences_userpreference (user_id)
        SELECT id FROM accounts_customuser WHERE id = OLD.user_id ON CONFLICT DO NOTHING;
    UPDATE accounts_customuser SET preferences_stamp = nextval('preferences_stamps') WHERE id = OLD.user_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER preferences_remake AFTER DELETE ON preferences_userpreference
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION preferences_remake();
"""
UNREMAKE = "DROP TRIGGER preferences_remake ON preferences_userpreference; DROP FUNCTION preferences_remake();"

# A sequence, since a count would come back after a rollback.
STAMP = """
CREATE SEQUENCE preferences_stamps;
CREATE FUNCTION preferences_stamp() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE accounts_customuser SET preferences_stamp = nextval('preferences_stamps') WHERE id = NEW.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER preferences_stamp AFTER UPDATE ON preferences_userpreference
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION preferences_stamp();
"""
UNSTAMP = """
DROP TRIGGER preferences_stamp ON preferences_userpreference;
DROP FUNCTION preferences_stamp();
DROP SEQUENCE preferences_stamps;
"""

# Whoever saves a user as a whole, as they read it a while ago, does not turn the stamp back.
KEEP = """
CREATE FUNCTION preferences_keep_stamp() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.preferences_stamp := OLD.preferences_stamp;
    RETURN NEW;
END $$;
CREATE TRIGGER preferences_keep_stamp BEFORE UPDATE ON accounts_customuser
    FOR EACH ROW WHEN (NEW.preferences_stamp < OLD.preferences_stamp)
    EXECUTE FUNCTION preferences_keep_stamp();
"""
UNKEEP = "DROP TRIGGER preferences_keep_stamp ON accounts_customuser; DROP FUNCTION preferences_keep_stamp();"

# Making the trigger has locked the table: no user slips in between the two.
FILL = """
SET LOCAL statement_timeout = 0;
INSERT INTO preferences_userpreference (user_id) SELECT id FROM accounts_customuser ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    """Triggers, and rows for the users that there are."""

    dependencies = [("preferences", "0001_preferences_and_limits")]

    operations = [
        migrations.RunSQL(STAMP, UNSTAMP),
        migrations.RunSQL(KEEP, UNKEEP),
        migrations.RunSQL(REMAKE, UNREMAKE),
        migrations.RunSQL(MAKE, UNMAKE),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
