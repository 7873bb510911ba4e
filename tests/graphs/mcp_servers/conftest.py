"""Connections to the protocol's own test server."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from graphs.control_plane import ToolConnection
from graphs.settings import read_settings
from tests.mcp.everything import EverythingServer, programs

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture(scope="package")
def everything() -> Iterator[EverythingServer]:
    """A server that tests leave as it is."""
    server = EverythingServer.start()
    yield server
    server.kill()


@pytest.fixture
def killable() -> Iterator[EverythingServer]:
    """A server of the test's own."""
    server = EverythingServer.start()
    yield server
    server.kill()


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The mark of the processes of the server `local`, which this process may start."""
    mark = f"mark-{uuid4().hex}"
    monkeypatch.setenv("MCP_STDIO_SERVERS", programs(mark))
    read_settings.cache_clear()
    yield mark
    monkeypatch.undo()
    read_settings.cache_clear()


def over_http(server: EverythingServer, tool: str, **options: Any) -> ToolConnection:
    """Say how to call one of its tools."""
    chosen = {"private_networks": LOOPBACK, "timeout_seconds": 10, **options}
    return ToolConnection(slug="web", transport="streamable_http", url=server.url, remote_name=tool, **chosen)


def over_stdio(tool: str, **options: Any) -> ToolConnection:
    """Say how to call one of the program's tools."""
    chosen = {"slug": "local", "timeout_seconds": 10, **options}
    return ToolConnection(transport="stdio", remote_name=tool, **chosen)
