"""The jobs of tools: asking MCP servers, each by itself, so that a slow one holds up no other."""

import uuid

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError as QueueUnreachable
from redis.exceptions import RedisError

from controlplane.tools.mcp.discovery import mcp_server_discover
from controlplane.tools.models import McpServer

logger = structlog.get_logger(__name__)

MOST_SERVERS = 200


def request_discovery(server_id: uuid.UUID) -> None:
    """Hand it to the workers; a queue that is down loses nothing, the next round comes by."""
    try:
        discover_mcp_server.delay(str(server_id))
    except (QueueUnreachable, RedisError) as error:
        logger.warning("mcp_discovery_not_queued", server_id=str(server_id), error=repr(error))


@shared_task(name="tools.discover_mcp_server")
def discover_mcp_server(server_id: str) -> int:
    """Ask one server for its tools; returns how many it has."""
    try:
        return mcp_server_discover(server_id=uuid.UUID(server_id)).found
    except McpServer.DoesNotExist:
        return 0


@shared_task(name="tools.discover_mcp_servers")
def discover_mcp_servers() -> int:
    """Have all active servers asked, those first that were not for the longest; returns how many."""
    waiting = McpServer.objects.active().order_by("discovered_at", "pk").values_list("pk", flat=True)
    asked = list(waiting[:MOST_SERVERS])
    for server_id in asked:
        request_discovery(server_id)
    return len(asked)
