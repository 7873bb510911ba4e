"""Owns the connections to the Agent Server: one shared by all of a server's requests, or one for a block."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils.module_loading import import_string

from sdk_bridge import AgentServer

Connector = Callable[[str], AbstractAsyncContextManager[AgentServer]]

# A connection belongs to the loop it was opened on; keyed by loop, so no thread can take another's.
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, AgentServer] = WeakKeyDictionary()


@asynccontextmanager
async def keep_shared_connection() -> AsyncIterator[AgentServer]:
    """Open the connection that every block on this loop uses until this one ends."""
    loop = asyncio.get_running_loop()
    async with _open() as server:
        _shared[loop] = server
        try:
            yield server
        finally:
            del _shared[loop]


@asynccontextmanager
async def agent_server() -> AsyncIterator[AgentServer]:
    """Hand out the running loop's shared connection, or open one for this block (jobs, commands)."""
    shared = _shared.get(asyncio.get_running_loop())
    if shared is not None:
        yield shared
        return
    async with _open() as server:
        yield server


def _open() -> AbstractAsyncContextManager[AgentServer]:
    connector = cast("Connector", import_string(settings.AGENT_SERVER_CONNECTOR))
    return connector(settings.LANGGRAPH_URL)
