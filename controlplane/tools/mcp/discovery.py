"""Brings the tools of an MCP server into the catalogue, and marks those that it no longer has."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from controlplane.tools.catalogue import available_tool_save
from controlplane.tools.mcp.errors import DiscoveryFailed
from controlplane.tools.mcp.listing import Described, listed_tools
from controlplane.tools.mcp.naming import tool_name
from controlplane.tools.models import AvailableTool, McpServer

logger = structlog.get_logger(__name__)
Outcome = McpServer.Outcome


@dataclass(kw_only=True)
class Discovery:
    """What a server offers now, by numbers; `error` is the code of why it could not be asked."""

    found: int = 0
    added: int = 0
    gone: int = 0
    refused: int = 0
    error: str = ""


def mcp_server_discover(*, server_id: UUID, actor_id: UUID | None = None) -> Discovery:
    """Ask an active server for its tools and write them down, in one transaction; repeats harmlessly.

    A server that cannot be asked keeps its tools as they are. Raises McpServer.DoesNotExist.
    """
    server = McpServer.objects.active().get(pk=server_id)
    try:
        described = async_to_sync(listed_tools)(server)
    except DiscoveryFailed as failure:
        logger.warning("mcp_discovery_failed", server=server.slug, code=failure.code)
        _note(server, Outcome.FAILED, failure.code)
        return Discovery(error=failure.code)
    with transaction.atomic():
        # One at a time: two that learn different things would mark each other's tools as gone.
        if not McpServer.objects.select_for_update(no_key=True).filter(pk=server.pk).exists():
            return Discovery(error="removed")
        discovery = _write(server, described, actor_id)
        _note(server, Outcome.FOUND, "")
    return discovery


def _write(server: McpServer, described: Sequence[Described], actor_id: UUID | None) -> Discovery:
    known = {tool.remote_name: tool for tool in AvailableTool.objects.filter(mcp_server=server)}
    discovery = Discovery(found=len(described))
    for one in described:
        is_new = one.name not in known
        tool = known.pop(one.name, None) or _new(server, one)
        tool.description, tool.input_schema, tool.is_offered = one.description, one.input_schema, True
        try:
            available_tool_save(tool=tool, actor_id=actor_id)
        except ValidationError:
            # Such as a name that another tool of the catalogue has.
            discovery.refused += 1
            continue
        discovery.added += is_new
    for tool in known.values():
        discovery.gone += tool.is_offered
        tool.is_offered = False
        available_tool_save(tool=tool, actor_id=actor_id)
    return discovery


def _new(server: McpServer, described: Described) -> AvailableTool:
    """Make it for nobody yet: what a server says of itself is looked at by an administrator first."""
    return AvailableTool(
        tool_name=tool_name(server.slug, described.name),
        display_name=described.title,
        category=AvailableTool.Category.INTEGRATION,
        is_public=False,
        is_on_by_default=False,
        mcp_server=server,
        remote_name=described.name,
    )


def _note(server: McpServer, outcome: str, error: str) -> None:
    McpServer.objects.filter(pk=server.pk).update(
        discovered_at=timezone.now(), discovery_outcome=outcome, discovery_error=error[:40]
    )
