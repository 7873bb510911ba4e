"""What a user loses when the development server is killed: nothing that was said."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from sdk_bridge import (
    Bridge,
    RunNotFound,
    ServerUnreachable,
    StreamInterrupted,
    ThreadNotFound,
    Token,
    connect,
)
from tests.sdk_bridge.development_server import DevelopmentServer
from tests.sdk_bridge.run_requests import saying, stream
from tests.sdk_bridge.static_identities import ALICE


@pytest_asyncio.fixture
async def persistent_server(tmp_path: Path) -> AsyncIterator[DevelopmentServer]:
    """A server of its own, with its checkpoints in Postgres."""
    server = DevelopmentServer.start(tmp_path, config="persistent.json")
    yield server
    server.stop()


async def stream_into_a_crash(bridge: Bridge, thread_id: UUID, server: DevelopmentServer) -> None:
    """Stream a run whose server dies at the first token."""
    async with aclosing(bridge.stream_run(thread_id, saying("be slow"))) as events:
        async for event in events:
            if isinstance(event, Token) and server.process.poll() is None:
                server.crash()


async def test_history_is_found_again_after_a_crash(persistent_server: DevelopmentServer) -> None:
    thread_id = uuid4()
    async with connect(persistent_server.url) as agent_server:
        alice = agent_server.acting_as(ALICE)
        await stream(alice, "hello", thread_id=thread_id)
        before = await alice.read_history(thread_id)
        with pytest.raises(StreamInterrupted) as caught:
            await stream_into_a_crash(alice, thread_id, persistent_server)
        assert caught.value.run_id is not None
        assert not await alice.is_alive()
        with pytest.raises(ServerUnreachable):
            await alice.get_thread(thread_id)

        persistent_server.restart()
        with pytest.raises(ThreadNotFound):
            await alice.get_thread(thread_id)
        with pytest.raises(RunNotFound):
            await alice.get_run(thread_id, caught.value.run_id)
        restored = await alice.restore_thread(thread_id)
        assert (restored.id, restored.graph_id) == (thread_id, "agent")
        after = await alice.read_history(thread_id)
        assert after.messages[:2] == before.messages
        assert [message.text for message in after.messages] == ["hello", "You said hello", "be slow"]
