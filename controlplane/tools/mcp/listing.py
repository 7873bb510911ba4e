"""Asks an MCP server which tools it has: page by page, bounded in time, number and size."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
from django.core.exceptions import ValidationError
from mcp import ClientSession, types

from controlplane.tools.json_bounds import require_bounded
from controlplane.tools.mcp.errors import DiscoveryFailed
from controlplane.tools.mcp.sessions import session
from controlplane.tools.models import McpServer

SECONDS: Final = 20.0
# A process that does not end when asked is killed after four.
CLOSING_SECONDS: Final = 6.0
MOST_PAGES: Final = 20
MOST_TOOLS: Final = 128
LONGEST_NAME: Final = 128
LONGEST_TITLE: Final = 200
LONGEST_DESCRIPTION: Final = 2000
LARGEST_SCHEMA: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Described:
    """A tool as its server describes it: data that nobody vouches for, cut to what is kept."""

    name: str
    title: str
    description: str
    input_schema: dict[str, Any]


async def listed_tools(server: McpServer, *, seconds: float = SECONDS) -> list[Described]:
    """Ask for all tools; those that cannot be kept are left out. Raises DiscoveryFailed."""
    asking = asyncio.create_task(_ask(server, seconds))
    done, _ = await asyncio.wait({asking}, timeout=seconds)
    if not done:
        asking.cancel()
        await asyncio.wait({asking}, timeout=CLOSING_SECONDS)
        raise DiscoveryFailed("timed_out")
    found: dict[str, Described] = {}
    for tool in asking.result():
        described = _described(tool)
        if described is not None and len(found) < MOST_TOOLS:
            found.setdefault(described.name, described)
    return list(found.values())


async def _ask(server: McpServer, seconds: float) -> list[types.Tool]:
    try:
        async with session(server, seconds=seconds) as opened:
            return await _pages(opened)
    # Whatever it is, alone or in groups: it costs this server its list, and nothing else.
    except Exception as error:  # noqa: BLE001  # every fault of a server is a result
        raise _failure(error) from None


async def _pages(opened: ClientSession) -> list[types.Tool]:
    tools: list[types.Tool] = []
    cursor: str | None = None
    for _page in range(MOST_PAGES):
        page = await opened.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        tools += page.tools
        cursor = page.nextCursor
        if not cursor or len(tools) >= MOST_TOOLS:
            break
    return tools


def _described(tool: types.Tool) -> Described | None:
    schema = {"properties": {}, **tool.inputSchema}
    schema.pop("$schema", None)
    name = _clean(tool.name)
    try:
        require_bounded(schema, most_characters=LARGEST_SCHEMA)
    except ValidationError:
        return None
    if name != tool.name or not 0 < len(name) <= LONGEST_NAME or schema.get("type") != "object":
        return None
    return Described(
        name=name,
        title=_clean(tool.title or tool.name)[:LONGEST_TITLE] or name,
        description=_clean(tool.description or "")[:LONGEST_DESCRIPTION],
        input_schema=schema,
    )


def _clean(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()


def _failure(error: Exception) -> DiscoveryFailed:
    for cause in _causes(error):
        if isinstance(cause, DiscoveryFailed):
            return cause
        if isinstance(cause, httpx.HTTPStatusError):
            return DiscoveryFailed(f"http_{cause.response.status_code}")
        if isinstance(cause, httpx.TransportError | OSError):
            return DiscoveryFailed("unreachable")
    return DiscoveryFailed("no_mcp_server")


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
        return
    yield error
