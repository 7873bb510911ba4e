"""Writes the catalogue, and what a change of it means for the users' tools of that name."""

from django.db import transaction
from django.db.models import QuerySet

from controlplane.tools.models import AvailableTool, UserTool
from controlplane.tools.schemas import secret_names
from controlplane.tools.secrets import put_secrets, readable_secrets, split


def available_tool_save(*, tool: AvailableTool) -> AvailableTool:
    """Add or change a tool, in one transaction. Raises ValidationError.

    Users' tools of its name become tied to it, and values that are secrets from now on are sealed.
    """
    with transaction.atomic():
        tool.full_clean()
        tool.save()
        of_this_name = UserTool.objects.filter(tool_name=tool.tool_name)
        of_this_name.filter(available_tool=None).update(available_tool=tool)
        _seal_shown_secrets(of_this_name, secret_names(tool.config_schema))
    return tool


def available_tools_switch(*, tools: QuerySet[AvailableTool], is_active: bool) -> int:
    """Switch tools on or off for everyone at once; returns how many it changed."""
    return tools.exclude(is_active=is_active).update(is_active=is_active)


def _seal_shown_secrets(tools: QuerySet[UserTool], names: set[str]) -> None:
    if not names:
        return
    shown = tools.filter(configuration__has_any_keys=sorted(names)).order_by("pk")
    for tool in shown.select_for_update(no_key=True).iterator(chunk_size=500):
        parts = split(tool.configuration, names)
        tool.configuration = parts.plain
        put_secrets(tool, {**parts.secrets, **readable_secrets(tool)})
        tool.save()
