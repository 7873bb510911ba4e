"""Says of the titles that there were before models worded any that they are their owners' own."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DEFAULT_TITLE = "New conversation"
BATCH = 5_000


def note_owners(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Go by the title alone, a bounded number of rows at a time."""
    sessions = apps.get_model("chat", "ChatSession").objects.using(editor.connection.alias)
    own = sessions.filter(title_origin="default").exclude(title=DEFAULT_TITLE)
    while ids := list(own.values_list("pk", flat=True)[:BATCH]):
        sessions.filter(pk__in=ids).update(title_origin="owner")


class Migration(migrations.Migration):
    """Each batch by itself: a long table is not locked as a whole."""

    atomic = False
    dependencies = (("chat", "0009_titles_by_models"),)
    operations = (migrations.RunPython(note_owners, migrations.RunPython.noop),)
