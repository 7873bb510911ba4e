"""Finds entries by what they are about, and keeps the table from being emptied by mistake."""

from django.db import migrations, models

import controlplane.audit.models

REFUSE = """
CREATE TRIGGER audit_entry_never_emptied BEFORE TRUNCATE ON audit_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
ALLOW = "DROP TRIGGER audit_entry_never_emptied ON audit_auditentry"


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="action",
            field=models.CharField(
                choices=controlplane.audit.models.known_actions, editable=False, max_length=40
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["subject_id", "-at", "-id"], name="audit_of_subject"),
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
