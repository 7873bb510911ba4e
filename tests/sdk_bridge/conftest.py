"""The two servers that the same contract holds for."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from sdk_bridge import AgentServer, Bridge, connect
from sdk_bridge.memory import MemoryAgentServer
from tests.sdk_bridge.development_server import DevelopmentServer
from tests.sdk_bridge.scripted_assistant import refuse_as_asked, scripted_assistant
from tests.sdk_bridge.static_identities import ALICE, BOB, IDENTITIES, SERVICE


@pytest.fixture(scope="session")
def development_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevelopmentServer]:
    """A real Agent Server for the session."""
    server = DevelopmentServer.start(tmp_path_factory.mktemp("sdk-bridge"))
    yield server
    server.stop()


@pytest.fixture
def memory_server() -> MemoryAgentServer:
    """The in-memory server with the same script."""
    return MemoryAgentServer(
        identify=IDENTITIES.__getitem__, assistants={"agent": scripted_assistant}, admit=refuse_as_asked
    )


@pytest_asyncio.fixture(params=["memory", "agent-server"])
async def agent_server(request: pytest.FixtureRequest) -> AsyncIterator[AgentServer]:
    """Each of the two servers in turn."""
    if request.param == "memory":
        yield request.getfixturevalue("memory_server")
        return
    async with connect(request.getfixturevalue("development_server").url) as server:
        yield server


@pytest.fixture
def alice(agent_server: AgentServer) -> Bridge:
    """The server as one user sees it."""
    return agent_server.acting_as(ALICE)


@pytest.fixture
def bob(agent_server: AgentServer) -> Bridge:
    """The server as another user sees it."""
    return agent_server.acting_as(BOB)


@pytest.fixture
def service(agent_server: AgentServer) -> Bridge:
    """The server as the control plane itself sees it."""
    return agent_server.acting_as(SERVICE)
