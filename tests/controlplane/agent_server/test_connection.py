"""One connection is shared by what runs on the server's loop; everything else opens one for itself."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from controlplane.agent_server.bridges import bridge_for_service, bridge_for_user
from controlplane.agent_server.connection import agent_server, keep_shared_connection
from sdk_bridge import Refused

opened: list[object] = []


@asynccontextmanager
async def count_connections(url: str):
    """Connect to nothing, and remember it."""
    server = object()
    opened.append(server)
    yield server


@pytest.fixture
def connections(settings) -> list[object]:
    """The connections that a test has opened."""
    opened.clear()
    settings.AGENT_SERVER_CONNECTOR = f"{__name__}.count_connections"
    return opened


async def test_blocks_on_the_server_s_loop_share_its_connection(connections):
    async with keep_shared_connection() as shared, agent_server() as first, agent_server() as second:
        assert first is second is shared
    assert len(connections) == 1


async def test_connection_is_shared_no_longer_than_it_is_kept(connections):
    async with keep_shared_connection() as shared:
        pass
    async with agent_server() as later:
        assert later is not shared


async def test_other_loops_open_their_own(connections):
    async def elsewhere() -> object:
        async with agent_server() as server:
            return server

    async with keep_shared_connection() as shared:
        other = await asyncio.to_thread(asyncio.run, elsewhere())
    assert other is not shared
    assert connections == [shared, other]


async def test_sync_code_below_a_request_uses_the_server_s_connection(connections):
    async def ask() -> object:
        async with agent_server() as server:
            return server

    async with keep_shared_connection() as shared:
        assert await asyncio.to_thread(async_to_sync(ask)) is not shared
        assert await sync_to_async(async_to_sync(ask))() is shared


def test_user_s_bridge_acts_as_the_user(user, agent_server):
    async def use() -> None:
        async with bridge_for_user(user) as bridge:
            await bridge.list_usage_records(user.pk)

    with pytest.raises(Refused):
        async_to_sync(use)()


def test_service_s_bridge_acts_as_the_control_plane(user, agent_server):
    async def use() -> tuple[object, ...]:
        async with bridge_for_service() as bridge:
            return await bridge.list_usage_records(user.pk)

    assert async_to_sync(use)() == ()
