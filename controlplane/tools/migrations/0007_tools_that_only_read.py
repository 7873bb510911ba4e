"""Says of each tool whether it only reads: of those in the catalogue from the start, what is known of them."""

from typing import Any

from django.db import migrations, models

ONLY_READ = ("calculator", "current_time", "knowledge_search", "recall", "web_search")


def note_readers(apps: Any, _schema_editor: Any) -> None:
    """Mark them; of every other tool it is not known."""
    tools = apps.get_model("tools", "AvailableTool").objects
    tools.filter(tool_name__in=ONLY_READ, mcp_server=None).update(only_reads=True)


class Migration(migrations.Migration):
    """After the search in documents."""

    dependencies = (("tools", "0006_knowledge_search"),)
    operations = (
        migrations.AddField(
            model_name="availabletool",
            name="only_reads",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether it neither changes nor sends anything away. Others ask once a turn holds "
                "retrieved text, where APPROVE_ACTIONS_AFTER_RETRIEVAL is set.",
            ),
        ),
        migrations.RunPython(note_readers, migrations.RunPython.noop),
    )
