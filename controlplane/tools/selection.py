"""Which tools are on for a user: the active catalogue, the user's choice, and the house's default."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings

from controlplane.tools.models import AvailableTool, UserTool

# They travel with the context of each run, and with each call to the model.
MOST_REMOTE_TOOLS: Final = 128
LARGEST_DESCRIPTIONS: Final = 100_000

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The tools that are on, by name; `is_chosen` says whether their user has had a say in it.

    Those of `approval_names` ask before each call, those of `acting_names` once a turn holds retrieved text.
    """

    names: list[str]
    is_chosen: bool
    remote_names: list[str]
    approval_names: list[str] = field(default_factory=list)
    acting_names: list[str] = field(default_factory=list)


def enabled_tools(user_id: UUID | None) -> list[str]:
    """Name the tools that are on for a user, or for a developer in Studio (None)."""
    return select_tools(user_id).names


def select_tools(user_id: UUID | None) -> Selection:
    """Select the tools that are on for a user; those of the house's default come first.

    Two queries, however many tools there are.
    """
    choices = _choices(user_id)
    catalogue = AvailableTool.objects.active().order_by("tool_name")
    tools = [
        tool
        for tool in catalogue.defer("description", "config_schema", "input_schema")
        if is_on(tool, choices.get(tool.tool_name))
    ]
    names = [tool.tool_name for tool in tools]
    house = {name: place for place, name in enumerate(settings.DEFAULT_ENABLED_TOOLS)}
    names.sort(key=lambda name: house.get(name, len(house)))
    return Selection(
        names=names,
        is_chosen=bool(choices),
        remote_names=_remote(tools),
        approval_names=[tool.tool_name for tool in tools if tool.requires_approval],
        acting_names=_acting(tools),
    )


def describe_remote_tools(names: Sequence[str]) -> list[dict[str, Any]]:
    """Describe tools of MCP servers as models are told of them: as many as there is room for, by name.

    One query, and none without names.
    """
    if not names:
        return []
    described, room = [], LARGEST_DESCRIPTIONS
    tools = AvailableTool.objects.filter(tool_name__in=names[:MOST_REMOTE_TOOLS]).order_by("tool_name")
    for name, description, parameters in tools.values_list("tool_name", "description", "input_schema"):
        one = {"name": name, "description": description, "parameters": parameters}
        room -= len(json.dumps(one))
        if room < 0:
            logger.warning("remote_tools_left_out", first=name)
            break
        described.append(one)
    return described


def find_enabled(user_id: UUID | None, tool_name: str) -> AvailableTool | None:
    """Find a tool if it is on for a user at this moment."""
    tool = AvailableTool.objects.active().filter(tool_name=tool_name).select_related("mcp_server").first()
    if tool is None:
        return None
    return tool if is_on(tool, _choices(user_id, tool_name=tool_name).get(tool_name)) else None


def is_on(tool: AvailableTool, choice: UserTool | None) -> bool:
    """Tell whether a tool is on for the user whose choice this is; None: they have made none."""
    if not tool.is_active:
        return False
    if choice is not None and not choice.follows_default:
        return choice.is_enabled
    return tool.is_public and is_on_by_default(tool)


def is_on_by_default(tool: AvailableTool) -> bool:
    """Tell what the catalogue says of users who have not chosen, or else the house's setting."""
    if tool.is_on_by_default is not None:
        return tool.is_on_by_default
    return tool.tool_name in settings.DEFAULT_ENABLED_TOOLS


def _remote(tools: Sequence[AvailableTool]) -> list[str]:
    return [tool.tool_name for tool in tools if tool.mcp_server_id is not None]


def _acting(tools: Sequence[AvailableTool]) -> list[str]:
    """Name those that may act on what a document or a page says, where the house wants them to ask then."""
    if not settings.APPROVE_ACTIONS_AFTER_RETRIEVAL:
        return []
    return [tool.tool_name for tool in tools if not tool.only_reads]


def _choices(user_id: UUID | None, **narrower: str) -> dict[str, UserTool]:
    if user_id is None:
        return {}
    mine = UserTool.objects.owned_by(user_id).chosen().filter(**narrower)
    return {choice.tool_name: choice for choice in mine.only("tool_name", "is_enabled", "follows_default")}
