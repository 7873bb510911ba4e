"""The product's settings with an Agent Server that is given up on sooner, for tests of servers that hang."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sdk_bridge
from controlplane.config.settings import *  # noqa: F403  # Django reads settings from one namespace

AGENT_SERVER_CONNECTOR = f"{__name__}.connect_impatiently"


@asynccontextmanager
async def connect_impatiently(url: str) -> AsyncIterator[sdk_bridge.AgentServer]:
    """Connect as the product does, with a tenth of its patience."""
    async with sdk_bridge.connect(url, timeouts=sdk_bridge.Timeouts(request=1.0, stream_idle=9.0)) as server:
        yield server
