"""Puts the tools that the graph brings along into the catalogue."""

from typing import Any

from django.db import migrations

NO_CONFIGURATION = {"type": "object", "properties": {}, "additionalProperties": False}
BUILT_IN: dict[str, dict[str, Any]] = {
    "current_time": {
        "display_name": "Current time",
        "description": "Tells the date and time in any time zone.",
        "category": "time",
    },
    "calculator": {
        "display_name": "Calculator",
        "description": "Works out arithmetic expressions, exactly and without guessing.",
        "category": "math",
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
    """After the tables."""

    dependencies = (("tools", "0001_catalogue_and_calls"),)
    operations = (migrations.RunPython(add_built_in_tools, remove_built_in_tools),)
