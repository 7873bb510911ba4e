"""Clients of the shared Agent Server: a user, and the control plane itself."""

from collections.abc import AsyncIterator

import pytest
from langgraph_sdk.client import LangGraphClient

from tests.graphs.agent_server import AgentServer
from tests.graphs.agent_tokens import Signer


@pytest.fixture
async def client(agent_server: AgentServer, token: str) -> AsyncIterator[LangGraphClient]:
    """The fresh account's own client."""
    async with agent_server.client(token) as opened:
        yield opened


@pytest.fixture
async def service(agent_server: AgentServer, signer: Signer) -> AsyncIterator[LangGraphClient]:
    """The control plane's client."""
    async with agent_server.client(signer.service_token()) as opened:
        yield opened
