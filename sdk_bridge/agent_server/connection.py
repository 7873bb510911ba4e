"""The connection to a real Agent Server: one HTTP pool, shared by all identities."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

import httpx
from langgraph_sdk.client import LangGraphClient

from sdk_bridge.agent_server.calls import Caller
from sdk_bridge.agent_server.service_runs import SdkServiceRuns
from sdk_bridge.agent_server.store import SdkStore
from sdk_bridge.agent_server.streams import SdkRunStreams
from sdk_bridge.agent_server.threads import SdkThreads
from sdk_bridge.agent_server.usage import SdkUsage
from sdk_bridge.agent_server.wire import read_server_info
from sdk_bridge.bridge import AgentServer, Bridge, ServerInfo
from sdk_bridge.timeouts import Timeouts

# Each open stream holds a connection, so their number is bounded by runs, not by a pool. The server ends a
# connection that is idle for five seconds: one that is taken up again at that moment would lose its request.
LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2.0)
# Of connecting alone, when nothing was sent yet.
SECOND_ATTEMPTS: Final = 1


class SdkBridge(SdkThreads, SdkRunStreams, SdkServiceRuns, SdkUsage, SdkStore):
    """Implements `sdk_bridge.bridge.Bridge`."""

    async def server_info(self) -> ServerInfo:
        raw = await self._caller.repeatable(
            lambda: self._caller.client.http.get("/info", headers=self._caller.headers)
        )
        return read_server_info(raw)

    async def is_alive(self) -> bool:
        try:
            answer = await self._caller.client.http.client.get("/ok", timeout=self._caller.timeouts.connect)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK


class SdkAgentServer:
    """Implements `sdk_bridge.bridge.AgentServer`."""

    def __init__(self, client: LangGraphClient, timeouts: Timeouts) -> None:
        self._client = client
        self._timeouts = timeouts

    def acting_as(self, token: str) -> Bridge:
        return SdkBridge(Caller(self._client, {"Authorization": f"Bearer {token}"}, self._timeouts))


@asynccontextmanager
async def connect(
    url: str, *, timeouts: Timeouts | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[AgentServer]:
    """Hold a connection pool to the Agent Server at `url` for as long as the block lasts.

    Nothing is sent on entering. `transport` takes the place of the network in tests.
    """
    timeouts = timeouts or Timeouts()
    # Not built by the SDK: that would repeat connecting five times and send an API key from the environment.
    http = httpx.AsyncClient(
        base_url=url,
        transport=transport
        or httpx.AsyncHTTPTransport(retries=SECOND_ATTEMPTS, limits=LIMITS, verify=_trust()),
        timeout=httpx.Timeout(timeouts.stream_idle, connect=timeouts.connect, pool=timeouts.request),
        event_hooks={"response": [_forget_location]},
    )
    async with LangGraphClient(http) as client:
        yield SdkAgentServer(client, timeouts)


@cache
def _trust() -> ssl.SSLContext:
    """Read the certificates of this machine once: that takes 20 ms, and a job connects for itself alone."""
    return httpx.create_ssl_context()


async def _forget_location(response: httpx.Response) -> None:
    """Keep the SDK from joining a broken stream by itself: what it missed would be lost silently."""
    response.headers.pop("Location", None)
