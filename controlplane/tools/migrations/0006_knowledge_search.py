"""Puts the search in a user's own documents into the catalogue."""

from typing import Any

from django.db import migrations

NAME = "knowledge_search"
DESCRIBED: dict[str, Any] = {
    "display_name": "Knowledge search",
    "description": "Searches the documents you have uploaded and cites the passages it finds.",
    "category": "search",
    "config_schema": {"type": "object", "properties": {}, "additionalProperties": False},
}


def add_knowledge_search(apps: Any, _schema_editor: Any) -> None:
    """Add it if it is missing; what an administrator made of it stays."""
    available_tool = apps.get_model("tools", "AvailableTool")
    available_tool.objects.get_or_create(tool_name=NAME, defaults=DESCRIBED)


def remove_knowledge_search(apps: Any, _schema_editor: Any) -> None:
    """Take it out again; users' tools of this name stay, without a catalogue's entry."""
    apps.get_model("tools", "AvailableTool").objects.filter(tool_name=NAME).delete()


class Migration(migrations.Migration):
    """After what calls are refused by."""

    dependencies = (("tools", "0005_refused_calls"),)
    operations = (migrations.RunPython(add_knowledge_search, remove_knowledge_search),)
