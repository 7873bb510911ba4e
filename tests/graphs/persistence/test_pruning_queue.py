"""Threads are pruned by themselves, by whoever is free, and leave the queue."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

from langgraph.graph.state import CompiledStateGraph

from graphs.persistence.checkpointer import Checkpointer, checkpointer
from graphs.persistence.pruning_queue import prune_next
from tests.graphs.conftest import Configure
from tests.threads_at_length.conversation import ServersWay, Speaker, agent, ask


async def length(graph: CompiledStateGraph, thread: str) -> int:
    config = {"configurable": {"thread_id": thread}}
    return len([state async for state in graph.aget_state_history(config)])


async def test_a_thread_is_pruned_by_itself(
    configure: Configure, make_database: Callable[[], str], speaker: Speaker
):
    configure(PG_CHECKPOINT_URI=make_database(), CHECKPOINT_PRUNE_AFTER_SECONDS="0.2")
    async with checkpointer() as saver, asyncio.timeout(20):
        graph = agent(ServersWay(saver))
        thread = str(uuid4())
        whole = await ask(graph, thread, "one")
        while await length(graph, thread) > 2:  # noqa: ASYNC110  # another task prunes
            await asyncio.sleep(0.05)
        state = await graph.aget_state({"configurable": {"thread_id": thread}})
        assert [message.text for message in state.values["messages"]] == whole
        while await queued(saver):  # noqa: ASYNC110  # another task prunes
            await asyncio.sleep(0.05)


async def test_several_that_prune_share_the_queue(
    configure: Configure, make_database: Callable[[], str], speaker: Speaker
):
    configure(PG_CHECKPOINT_URI=make_database())
    async with checkpointer() as saver:
        graph = agent(ServersWay(saver))
        threads = [str(uuid4()) for _ in range(6)]
        for thread in threads:
            await ask(graph, thread, "one")
        while any(await asyncio.gather(*(prune_next(saver._pool, age_seconds=0) for _ in range(4)))):
            pass
        assert [await length(graph, thread) for thread in threads] == [2] * 6
        assert await queued(saver) == []


async def queued(saver: Checkpointer) -> list[str]:
    async with saver._pool.connection() as connection:
        cursor = await connection.execute("SELECT thread_id FROM checkpoint_prunings")
        return [row["thread_id"] for row in await cursor.fetchall()]


async def test_a_deleted_thread_leaves_the_queue(
    configure: Configure, make_database: Callable[[], str], speaker: Speaker
):
    configure(PG_CHECKPOINT_URI=make_database())
    async with checkpointer() as saver:
        graph = agent(ServersWay(saver))
        gone, kept = str(uuid4()), str(uuid4())
        for thread in (gone, kept):
            await ask(graph, thread, "one")
        assert set(await queued(saver)) == {gone, kept}
        await saver.adelete_thread(gone)
        assert await queued(saver) == [kept]
