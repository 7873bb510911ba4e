"""Calls one tool of an MCP server, and ends in time whatever the server does."""

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog
from mcp import McpError, types

from graphs.control_plane import ToolConnection
from graphs.event_loops import PerLoop
from graphs.mcp_servers.errors import CallRefused, McpCallFailed, ServerTooSlow, ServerUnreachable
from graphs.mcp_servers.results import bounded
from graphs.mcp_servers.sessions import session
from graphs.mcp_servers.wire import Line

# A process that does not end when asked is killed after four.
CLOSING_SECONDS = 6.0
# Each such call has a process of its own.
MOST_PROCESSES = 8

logger = structlog.get_logger(__name__)
_processes = PerLoop(lambda: asyncio.Semaphore(MOST_PROCESSES))
_closing: set[asyncio.Task[types.CallToolResult]] = set()


async def call(connection: ToolConnection, arguments: dict[str, Any]) -> types.CallToolResult:
    """Call it in a session of its own. Raises McpCallFailed, with a message for the model."""
    line = Line()
    talk = asyncio.create_task(_talk(connection, arguments, line))
    lost = asyncio.create_task(line.lost())
    try:
        await asyncio.wait(
            {talk, lost}, timeout=connection.timeout_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        was_in_time, is_lost = talk.done(), lost.done()
    finally:
        lost.cancel()
        await _end(talk)
    if not was_in_time:
        logger.warning("mcp_call_given_up", server=connection.slug, is_lost=is_lost)
        if is_lost:
            raise ServerUnreachable("The tool's server went away during the call.")
        raise ServerTooSlow(f"The tool did not answer within {connection.timeout_seconds:g} seconds.")
    return talk.result()


async def _talk(connection: ToolConnection, arguments: dict[str, Any], line: Line) -> types.CallToolResult:
    try:
        if connection.transport != "stdio":
            return await _ask(connection, arguments, line)
        async with _processes.get():
            return await _ask(connection, arguments, line)
    except McpCallFailed:
        raise
    # Whatever it is, alone or in groups: it costs this tool its result, and the run nothing.
    except Exception as error:  # noqa: BLE001  # every fault of a server is a result
        logger.warning("mcp_call_failed", server=connection.slug, reason=type(error).__name__)
        raise _failure(error) from None


async def _ask(connection: ToolConnection, arguments: dict[str, Any], line: Line) -> types.CallToolResult:
    asked = types.CallToolRequest(
        params=types.CallToolRequestParams(name=connection.remote_name, arguments=arguments)
    )
    async with session(connection, line) as opened:
        # The session's own method also fetches all schemas, and holds the answer against one of them.
        return await opened.send_request(types.ClientRequest(asked), types.CallToolResult)


async def _end(talk: asyncio.Task[types.CallToolResult]) -> None:
    """Let it close its connection or process, for a bounded time; what takes longer ends behind us."""
    if talk.done():
        return
    talk.cancel()
    _closing.add(talk)
    talk.add_done_callback(_ended)
    await asyncio.wait({talk}, timeout=CLOSING_SECONDS)


def _ended(talk: asyncio.Task[types.CallToolResult]) -> None:
    _closing.discard(talk)
    if not talk.cancelled():
        talk.exception()


def _failure(error: Exception) -> McpCallFailed:
    for cause in _causes(error):
        if isinstance(cause, McpCallFailed):
            return cause
        if isinstance(cause, McpError) and cause.error.code != types.CONNECTION_CLOSED:
            return CallRefused(bounded(f"The tool's server refused the call: {cause.error.message}"))
    return ServerUnreachable("The tool's server cannot be reached, or ended during the call.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
        return
    yield error
