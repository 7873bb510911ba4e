"""Puts the tools that reach out of a conversation into the catalogue."""

from typing import Any

from django.db import migrations

NO_CONFIGURATION = {"type": "object", "properties": {}, "additionalProperties": False}
BUILT_IN: dict[str, dict[str, Any]] = {
    "web_search": {
        "display_name": "Web search",
        "description": "Searches the web and gives titles, addresses and excerpts.",
        "category": "search",
    },
    "fetch_page": {
        "display_name": "Fetch page",
        "description": "Reads one page of the web as text.",
        "category": "search",
    },
    "remember": {
        "display_name": "Remember",
        "description": "Keeps a fact about you for later conversations. You can list and erase what is kept.",
        "category": "general",
    },
    "recall": {
        "display_name": "Recall",
        "description": "Looks up what was kept about you in earlier conversations.",
        "category": "general",
    },
}


def add_built_in_tools(apps: Any, _schema_editor: Any) -> None:
    """Add those that are missing; what an administrator made of one stays."""
    available_tool = apps.get_model("tools", "AvailableTool")
    for name, described in BUILT_IN.items():
        defaults = {**described, "config_schema": NO_CONFIGURATION}
        available_tool.objects.get_or_create(tool_name=name, defaults=defaults)


def remove_built_in_tools(apps: Any, _schema_editor: Any) -> None:
    """Take them out again; users' tools of these names stay, without a catalogue's entry."""
    apps.get_model("tools", "AvailableTool").objects.filter(tool_name__in=BUILT_IN).delete()


class Migration(migrations.Migration):
    """After those that need nothing from outside."""

    dependencies = (("tools", "0002_built_in_tools"),)
    operations = (migrations.RunPython(add_built_in_tools, remove_built_in_tools),)
