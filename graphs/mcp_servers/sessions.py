"""Opens sessions with MCP servers, over HTTP or with a process that lives as long as the session."""

import logging
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TextIO, cast

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from graphs.control_plane import ToolConnection
from graphs.mcp_servers.errors import ServerUnreachable
from graphs.mcp_servers.wire import Line, connect
from graphs.settings import read_settings

# What such a process writes to its error output may hold what it was given.
NOWHERE = cast("TextIO", subprocess.DEVNULL)


@asynccontextmanager
async def session(connection: ToolConnection, line: Line) -> AsyncIterator[ClientSession]:
    """Open an initialized session, and leave nothing of it behind. Raises what the libraries raise."""
    # Their words quote what servers send.
    logging.getLogger("mcp.client").setLevel(logging.CRITICAL)
    async with AsyncExitStack() as stack:
        if connection.transport == "stdio":
            read, write = await stack.enter_async_context(stdio_client(_program(connection), errlog=NOWHERE))
        else:
            client = await connect(
                line,
                headers={name: value.get_secret_value() for name, value in connection.headers.items()},
                private_networks=connection.private_networks,
                seconds=connection.timeout_seconds,
            )
            await stack.enter_async_context(client)
            read, write, _ = await stack.enter_async_context(
                streamable_http_client(connection.url, http_client=client)
            )
        opened = await stack.enter_async_context(ClientSession(read, write))
        await opened.initialize()
        yield opened


def _program(connection: ToolConnection) -> StdioServerParameters:
    program = read_settings().mcp_stdio_servers.get(connection.slug)
    if program is None:
        raise ServerUnreachable("The tool's server is not set up here.")
    return StdioServerParameters(
        command=program.command,
        args=list(program.args),
        env={name: value.get_secret_value() for name, value in program.env.items()},
    )
