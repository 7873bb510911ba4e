"""Says where a tool of an MCP server is called; it travels with the permit of one call, and nowhere else."""

from typing import Any

from django.conf import settings

from controlplane.errors import Conflict
from controlplane.tools.mcp.headers import open_headers
from controlplane.tools.models import AvailableTool, McpServer
from controlplane.vault.box import Unreadable


def connection_of(tool: AvailableTool) -> dict[str, Any] | None:
    """Describe the connection, headers included; None for a tool of the graph's own.

    Raises Conflict `tool_secrets_unreadable`.
    """
    server = tool.mcp_server
    if server is None:
        return None
    described: dict[str, Any] = {
        "slug": server.slug,
        "transport": server.transport,
        "remote_name": tool.remote_name,
        "timeout_seconds": server.call_timeout_seconds,
    }
    if server.transport == McpServer.Transport.STDIO:
        return described
    return {
        **described,
        "url": server.url,
        "headers": _headers(server),
        "private_networks": settings.MCP_PRIVATE_ADDRESSES,
    }


def _headers(server: McpServer) -> dict[str, str]:
    try:
        return open_headers(server)
    except Unreadable as error:
        raise Conflict(
            "An administrator has to enter the headers of this tool's server again.",
            code="tool_secrets_unreadable",
        ) from error
