"""A registered server, and the protocol's own test server to ask."""

from collections.abc import Callable, Iterator

import pytest

from controlplane.tools.mcp.services import mcp_server_save
from controlplane.tools.models import McpServer
from tests.mcp.everything import EverythingServer


@pytest.fixture(scope="package")
def everything() -> Iterator[EverythingServer]:
    """A server that tests leave as it is."""
    server = EverythingServer.start()
    yield server
    server.kill()


@pytest.fixture
def loopback(settings) -> None:
    """Let servers be on this machine."""
    settings.MCP_PRIVATE_ADDRESSES = ["127.0.0.0/8"]


@pytest.fixture
def add_server(db, loopback) -> Callable[..., McpServer]:
    """Register a server as the back office does."""

    def add(slug: str = "web", headers: dict[str, str] | None = None, **fields: object) -> McpServer:
        described = {"display_name": "Web", "url": "https://tools.example.com/mcp", **fields}
        return mcp_server_save(server=McpServer(slug=slug, **described), headers=headers)

    return add
