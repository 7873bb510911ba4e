"""Rolling back and copying on real Postgres, beside the contract of every saver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.agent.state import AgentState
from graphs.persistence.checkpointer import Checkpointer, checkpointer
from tests.graphs.conftest import Configure


@pytest.fixture(scope="module")
def database(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
async def saver(configure: Configure, database: str) -> AsyncIterator[Checkpointer]:
    configure(PG_CHECKPOINT_URI=database)
    async with checkpointer() as opened:
        yield opened


def echo(state: AgentState) -> dict:
    return {"messages": [AIMessage(f"You said {state['messages'][-1].text}.")]}


def conversation(saver: BaseCheckpointSaver) -> CompiledStateGraph:
    builder = StateGraph(AgentState)
    builder.add_node(echo)
    builder.add_edge(START, "echo")
    builder.set_finish_point("echo")
    return builder.compile(checkpointer=saver)


def said(state) -> list[str]:
    return [message.text for message in state.values.get("messages", [])]


async def say(saver: Checkpointer, thread: str, text: str, run_id: str) -> None:
    config = {"configurable": {"thread_id": thread}, "metadata": {"run_id": run_id}}
    await conversation(saver).ainvoke({"messages": [HumanMessage(text)]}, config)


async def rows(saver: Checkpointer, thread: str) -> dict[str, int]:
    counts = {}
    async with saver._pool.connection() as connection:
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            cursor = await connection.execute(
                f"SELECT count(*) AS n FROM {table} WHERE thread_id = %s",  # noqa: S608  # from the line above
                (thread,),
            )
            counts[table] = (await cursor.fetchone())["n"]
    return counts


async def history(graph: CompiledStateGraph, thread: str) -> list[list[str]]:
    config = {"configurable": {"thread_id": thread}}
    return [said(state) async for state in graph.aget_state_history(config)]


async def test_a_run_rolled_back_leaves_nothing_of_its_own(saver: Checkpointer):
    thread, first, second = str(uuid4()), str(uuid4()), str(uuid4())
    config = {"configurable": {"thread_id": thread}}
    await say(saver, thread, "one", first)
    before = await rows(saver, thread)
    await say(saver, thread, "two", second)

    await saver.adelete_for_runs([second])

    assert said(await conversation(saver).aget_state(config)) == ["one", "You said one."]
    assert await rows(saver, thread) == before


async def test_what_a_run_writes_after_its_rollback_is_dropped(saver: Checkpointer):
    thread, run, other = str(uuid4()), str(uuid4()), str(uuid4())
    await say(saver, thread, "one", run)
    state = await conversation(saver).aget_state({"configurable": {"thread_id": thread}})
    await saver.adelete_for_runs([run])

    await saver.aput_writes({**state.config, "metadata": {"run_id": run}}, [("__error__", "late")], "task")
    assert (await rows(saver, thread))["checkpoint_writes"] == 0
    await saver.aput_writes({**state.config, "metadata": {"run_id": other}}, [("__error__", "own")], "task")
    assert (await rows(saver, thread))["checkpoint_writes"] == 1


async def test_a_rollback_waits_for_what_its_run_is_just_saving(saver: Checkpointer):
    thread, run = str(uuid4()), str(uuid4())
    await say(saver, thread, "one", run)
    state = await conversation(saver).aget_state({"configurable": {"thread_id": thread}})
    late = {**state.config, "metadata": {"run_id": run}}
    async with saver._pool.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE checkpoint_writes IN SHARE MODE")
        saving = asyncio.create_task(saver.aput_writes(late, [("__error__", "late")], "task"))
        await asyncio.sleep(0)
        rollback = asyncio.create_task(saver.adelete_for_runs([run]))
        _, waiting = await asyncio.wait({saving, rollback}, timeout=0.5)
        assert waiting == {saving, rollback}
    await asyncio.gather(saving, rollback)

    assert set((await rows(saver, thread)).values()) == {0}


async def test_a_conversation_goes_on_after_a_rollback(saver: Checkpointer):
    thread, second = str(uuid4()), str(uuid4())
    for turn in range(12):
        await say(saver, thread, f"kept {turn}", str(uuid4()))
    await say(saver, thread, "dropped", second)
    await saver.adelete_for_runs([second])

    await say(saver, thread, "last", str(uuid4()))

    state = await conversation(saver).aget_state({"configurable": {"thread_id": thread}})
    assert len(said(state)) == 26
    assert said(state)[-3:] == ["You said kept 11.", "last", "You said last."]


async def test_rolling_back_leaves_other_threads_alone(saver: Checkpointer):
    mine, other = str(uuid4()), str(uuid4())
    await say(saver, mine, "one", "run-of-mine")
    await say(saver, other, "one", "run-of-another")
    before = await rows(saver, other)

    await saver.adelete_for_runs(["run-of-mine"])

    assert set((await rows(saver, mine)).values()) == {0}
    assert await rows(saver, other) == before


async def test_a_copy_has_the_whole_history_and_its_own_future(saver: Checkpointer):
    source, target = str(uuid4()), str(uuid4())
    for turn in range(12):
        await say(saver, source, f"turn {turn}", str(uuid4()))
    graph = conversation(saver)

    await saver.acopy_thread(source, target)
    await saver.acopy_thread(source, target)

    original = [
        said(state) async for state in graph.aget_state_history({"configurable": {"thread_id": source}})
    ]
    copied = [
        said(state) async for state in graph.aget_state_history({"configurable": {"thread_id": target}})
    ]
    assert copied == original
    assert await rows(saver, target) == await rows(saver, source)

    await say(saver, target, "only here", str(uuid4()))

    assert len(said(await graph.aget_state({"configurable": {"thread_id": source}}))) == 24
    assert len(said(await graph.aget_state({"configurable": {"thread_id": target}}))) == 26


async def test_the_saver_keeps_langgraphs_contract(saver: Checkpointer):
    @checkpointer_test(name="Checkpointer")
    async def opened() -> AsyncIterator[Checkpointer]:
        yield saver

    report = await validate(opened)

    assert report.passed_all(), report.to_dict()
    assert {"delete_for_runs", "copy_thread"} <= {
        name for name, result in report.results.items() if result.passed
    }
