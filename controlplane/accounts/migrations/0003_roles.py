"""The groups that are roles; `sync_roles` gives them their permissions, which come after all migrations."""

from django.db import migrations

ROLES = ("support", "analyst", "admin")


def make(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in ROLES:
        groups.get_or_create(name=name)


def remove(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    groups.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_personal_tokens_and_invitations")]

    operations = [migrations.RunPython(make, remove)]
