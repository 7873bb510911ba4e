"""Writes users' tools: chosen, configured, given back to the house's defaults."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from controlplane.errors import Conflict, Invalid
from controlplane.tools.configuration import require_valid
from controlplane.tools.models import AvailableTool, UserTool
from controlplane.tools.schemas import secret_names
from controlplane.tools.secrets import put_secrets, readable_secrets, split

# Of a tool that the catalogue does not have, nobody knows what it takes.
ANYTHING: dict[str, Any] = {"type": "object"}


def user_tool_choose(
    *, owner_id: UUID, tool_name: str, is_enabled: bool = True, configuration: Mapping[str, Any] | None = None
) -> UserTool:
    """Take a tool of the catalogue into a user's hands, in one transaction.

    What was counted while it followed the house's default stays. Raises Invalid, Conflict.
    """
    with transaction.atomic():
        available = AvailableTool.objects.visible_to(owner_id).filter(tool_name=tool_name).first()
        if available is None:
            raise Invalid(
                "There is no such tool.", fields={"tool_name": ["There is no tool of this name for you."]}
            )
        row = counting_row(owner_id=owner_id, available=available)
        tool = UserTool.objects.select_for_update(no_key=True).get(pk=row.pk)
        if not tool.follows_default:
            raise Conflict("You have this tool already. Change it instead.", code="tool_already_chosen")
        tool.tool_display_name = available.display_name
        return user_tool_change(
            tool=tool, changes={"is_enabled": is_enabled, "configuration": dict(configuration or {})}
        )


def user_tool_change(*, tool: UserTool, changes: Mapping[str, Any]) -> UserTool:
    """Change `is_enabled` and `configuration` of a tool that the caller has locked, in its transaction.

    A configuration takes the place of the one before; secrets that it leaves out stay, and null removes one.
    Enabling needs a configuration that is whole. Raises Invalid with `fields`.
    """
    if "configuration" in changes:
        _configure(tool, changes["configuration"])
    tool.is_enabled = changes.get("is_enabled", tool.is_enabled)
    if "configuration" in changes or changes.get("is_enabled"):
        require_valid({**tool.configuration, **readable_secrets(tool)}, _schema_of(tool))
    tool.follows_default = False
    tool.save()
    return tool


def user_tool_forget(*, tool: UserTool) -> None:
    """Give a locked tool back to the house's default: choice, configuration and secrets are gone.

    What was counted stays, or forgetting a tool would be a way around its limit.
    """
    tool.configuration, tool.is_enabled, tool.follows_default = {}, True, True
    put_secrets(tool, {})
    tool.save()


def counting_row(*, owner_id: UUID, available: AvailableTool) -> UserTool:
    """Find the row that counts a user's uses of a tool, or make one that follows the house's default."""
    mine = UserTool.objects.owned_by(owner_id).filter(tool_name=available.tool_name)
    row = mine.select_related("available_tool").first()
    if row is None:
        fresh = UserTool(
            user_id=owner_id,
            tool_name=available.tool_name,
            available_tool=available,
            tool_display_name=available.display_name,
            follows_default=True,
        )
        UserTool.objects.bulk_create([fresh], ignore_conflicts=True)
        row = mine.select_related("available_tool").get()
    return row


def _configure(tool: UserTool, given: Mapping[str, Any]) -> None:
    names = secret_names(_schema_of(tool))
    parts = split(given, names | set(tool.secret_names))
    kept = {**readable_secrets(tool), **parts.secrets}
    tool.configuration = parts.plain
    put_secrets(tool, {name: value for name, value in kept.items() if value is not None})


def _schema_of(tool: UserTool) -> dict[str, Any]:
    return tool.available_tool.config_schema if tool.available_tool is not None else ANYTHING
