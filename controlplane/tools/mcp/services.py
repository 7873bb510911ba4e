"""Writes MCP servers: registered, changed, taken away; their headers are sealed and never told."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from controlplane.audit.comparison import ADDED, CHANGED, REMOVED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entries_add, entry_add
from controlplane.tools.catalogue import available_tools_remove
from controlplane.tools.mcp.headers import put_headers, require_headers
from controlplane.tools.models import AvailableTool, McpServer

RECORDED: Final = ("slug", "display_name", "transport", "url", "is_active", "call_timeout_seconds")


@sensitive_variables("headers")
def mcp_server_save(
    *, server: McpServer, headers: Mapping[str, str] | None = None, actor_id: UUID | None = None
) -> McpServer:
    """Add or change a server, in one transaction. Headers None stay as they are. Raises ValidationError."""
    with transaction.atomic():
        server.full_clean()
        known = McpServer.objects.select_for_update().filter(pk=server.pk).first()
        before = state_of(known, RECORDED) if known else {}
        if headers is not None:
            put_headers(server, require_headers(headers))
        server.save()
        changes = differences(before, state_of(server, RECORDED))
        if headers is not None:
            changes["headers"] = CHANGED
        if changes:
            entry_add(
                Action.TOOL_CHANGE, subject=server, actor_id=actor_id, changes=changes if known else ADDED
            )
    return server


def mcp_servers_remove(*, servers: QuerySet[McpServer], actor_id: UUID | None = None) -> None:
    """Take servers away with their tools, in one transaction; what was counted of the tools stays."""
    with transaction.atomic():
        named = McpServer.objects.filter(pk__in=servers.values("pk"))
        chosen = list(named.select_for_update().order_by("pk"))
        keys = [server.pk for server in chosen]
        subjects = [(server, None) for server in chosen]
        entries_add(Action.TOOL_CHANGE, subjects=subjects, actor_id=actor_id, changes=REMOVED)
        available_tools_remove(tools=AvailableTool.objects.filter(mcp_server__in=keys), actor_id=actor_id)
        McpServer.objects.filter(pk__in=keys).delete()
