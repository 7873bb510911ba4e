"""Pruning makes threads small, and nobody who reads, branches, resumes or copies them can tell."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot, interrupt

from graphs.agent.state import AgentState
from graphs.persistence.checkpointer import Checkpointer
from graphs.persistence.pruning import CheckpointGone, prune_thread
from graphs.persistence.replay import KnownMessages
from tests.threads_at_length.conversation import QUESTION_WORDS, ServersWay, Speaker, ask
from tests.threads_at_length.weight import bytes_of, json_bytes

TURNS = 120


def at(thread: str, **place: Any) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread, **place}}


def id_of(state: StateSnapshot) -> str:
    return str(state.config["configurable"]["checkpoint_id"])


def parent_of(state: StateSnapshot) -> str:
    return str((state.parent_config or {})["configurable"]["checkpoint_id"])


async def history(graph: CompiledStateGraph, thread: str) -> list[StateSnapshot]:
    return [state async for state in graph.aget_state_history(at(thread))]


def texts(state: StateSnapshot) -> list[str]:
    return [message.text for message in state.values.get("messages", [])]


async def prune(saver: Checkpointer, thread: str) -> None:
    """Prune all of a thread, and read everything anew afterwards."""
    is_done = False
    while not is_done:
        async with saver._pool.connection() as connection, connection.transaction():
            is_done = await prune_thread(connection, thread, age_seconds=0)
    saver._messages = KnownMessages()


def told(states: list[StateSnapshot]) -> dict[str, tuple[Any, ...]]:
    return {id_of(state): (state.values, state.next, state.interrupts) for state in states}


async def test_a_long_thread_weighs_a_few_times_its_json(
    saver: Checkpointer, graph: CompiledStateGraph, speaker: Speaker
):
    thread = str(uuid4())
    weights = []
    for turn in range(TURNS):
        await ask(graph, thread, speaker.words(QUESTION_WORDS))
        if turn + 1 in (TURNS // 2, TURNS):
            async with saver._pool.connection() as connection:
                weights.append(await bytes_of(connection, thread))
    before = await history(graph, thread)
    raw = json_bytes(before[0].values["messages"])

    await prune(saver, thread)

    after = await history(graph, thread)
    async with saver._pool.connection() as connection:
        pruned = await bytes_of(connection, thread)
    assert len(before[0].values["messages"]) == 2 * TURNS
    assert weights[1] / weights[0] < 2.05
    assert weights[1] / raw < 6
    assert pruned / raw < 2.5
    assert (len(before), len(after)) == (4 * TURNS, 2 * TURNS)
    assert told(after).items() <= told(before).items()


async def test_the_ends_of_turns_and_what_edits_start_from_stay(
    saver: Checkpointer, graph: CompiledStateGraph
):
    thread = str(uuid4())
    for question in ("one", "two"):
        await ask(graph, thread, question)
    before = await history(graph, thread)

    await prune(saver, thread)

    ends = [id_of(state) for state in before if not state.next]
    starts = [id_of(state) for state in before if state.metadata["source"] == "input"]
    after = await history(graph, thread)
    assert {id_of(state) for state in after} == {*ends, *starts}
    assert [parent_of(state) for state in after[:-1]] == [id_of(state) for state in after[1:]]


async def test_branches_keep_their_messages(saver: Checkpointer, graph: CompiledStateGraph):
    thread = str(uuid4())
    for question in ("one", "two", "three"):
        await ask(graph, thread, question)
    states = await history(graph, thread)
    before_two = next(state for state in states if texts(state)[2:] == [] and state.next == ("__start__",))
    before_answer = next(state for state in states if texts(state)[4:] == ["three"] and state.next)
    await ask(graph, thread, "two, edited", checkpoint_id=id_of(before_two))
    await ask(graph, thread, None, checkpoint_id=id_of(before_answer))
    await ask(graph, thread, "four")
    before = await history(graph, thread)

    await prune(saver, thread)

    after = await history(graph, thread)
    assert len(after) < len(before)
    assert told(after).items() <= told(before).items()
    for state in after:
        saver._messages = KnownMessages()
        assert texts(await graph.aget_state(state.config)) == texts(state)


async def test_a_pruned_turn_is_edited_and_regenerated(saver: Checkpointer, graph: CompiledStateGraph):
    thread = str(uuid4())
    for question in ("one", "two", "three"):
        await ask(graph, thread, question)
    await prune(saver, thread)
    answered = next(s for s in await history(graph, thread) if len(texts(s)) == 4 and not s.next)
    first_two = texts(answered)[:2]

    edited = await ask(graph, thread, "two, edited", checkpoint_id=parent_of(answered))
    again = await ask(graph, thread, None, checkpoint_id=parent_of(answered))

    assert edited[:-1] == [*first_two, "two, edited"]
    assert again[:-1] == [*first_two, "two"]
    assert again[-1] not in (edited[-1], texts(answered)[-1])
    await prune(saver, thread)
    saver._messages = KnownMessages()
    assert texts(await graph.aget_state(answered.config)) == texts(answered)
    assert texts(await graph.aget_state(at(thread))) == again


async def test_the_id_of_a_pruned_step_still_regenerates_its_turn(
    saver: Checkpointer, graph: CompiledStateGraph
):
    thread = str(uuid4())
    await ask(graph, thread, "one")
    await ask(graph, thread, "two")
    step = next(state for state in await history(graph, thread) if state.next == ("call_model",))
    await prune(saver, thread)

    again = await ask(graph, thread, None, checkpoint_id=id_of(step))

    assert again[2:-1] == ["two"]
    assert len(again) == 4


async def test_what_is_young_stays(saver: Checkpointer, graph: CompiledStateGraph):
    thread = str(uuid4())
    await ask(graph, thread, "one")
    before = await history(graph, thread)
    async with saver._pool.connection() as connection, connection.transaction():
        is_done = await prune_thread(connection, thread, age_seconds=300)

    assert not is_done
    assert told(await history(graph, thread)) == told(before)


async def test_a_pruning_that_is_cut_off_changes_nothing(saver: Checkpointer, graph: CompiledStateGraph):
    thread = str(uuid4())
    for question in ("one", "two"):
        await ask(graph, thread, question)
    before = await history(graph, thread)
    async with saver._pool.connection() as connection, connection.transaction(force_rollback=True):
        await prune_thread(connection, thread, age_seconds=0)
    assert told(await history(graph, thread)) == told(before)
    assert [id_of(s) for s in await history(graph, thread)] == [id_of(s) for s in before]


async def test_an_interrupt_waits_and_resumes(saver: Checkpointer):
    def wonder(state: AgentState) -> dict[str, Any]:
        return {"messages": [AIMessage("May I?")]}

    def wait(state: AgentState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"You said {interrupt('well?')}.")]}

    builder = StateGraph(AgentState)
    builder.add_node(wonder)
    builder.add_node(wait)
    builder.add_edge(START, "wonder")
    builder.add_edge("wonder", "wait")
    graph = builder.compile(checkpointer=ServersWay(saver))
    thread = str(uuid4())
    await ask(graph, thread, "please")
    waiting = await graph.aget_state(at(thread))

    await prune(saver, thread)

    assert await graph.aget_state(at(thread)) == waiting._replace(
        parent_config=(await graph.aget_state(at(thread))).parent_config
    )
    assert [i.value for i in waiting.interrupts] == ["well?"]
    await ask(graph, thread, Command(resume="yes"))
    await prune(saver, thread)
    assert texts(await graph.aget_state(at(thread))) == ["please", "May I?", "You said yes."]


async def test_the_steps_between_tools_go_with_their_turn(saver: Checkpointer):
    def step(name: str) -> Callable[[AgentState], dict[str, Any]]:
        return lambda state: {"messages": [AIMessage(name)]}

    builder = StateGraph(AgentState)
    names = ["first", "second", "third"]
    for name in names:
        builder.add_node(name, step(name))
    for name, following in pairwise(names):
        builder.add_edge(name, following)
    builder.add_edge(START, "first")
    graph = builder.compile(checkpointer=ServersWay(saver))
    thread = str(uuid4())
    for question in ("one", "two"):
        await ask(graph, thread, question)
    before = await history(graph, thread)

    await prune(saver, thread)

    after = await history(graph, thread)
    assert (len(before), len(after)) == (10, 4)
    assert told(after).items() <= told(before).items()
    assert texts(after[0]) == ["one", *names, "two", *names]


async def test_a_copy_of_a_pruned_thread_and_its_rollback(saver: Checkpointer, graph: CompiledStateGraph):
    thread, copy = str(uuid4()), str(uuid4())
    await ask(graph, thread, "one")
    await prune(saver, thread)
    whole = texts(await graph.aget_state(at(thread)))

    await saver.acopy_thread(thread, copy)
    await ask(graph, copy, "two")
    head = await graph.aget_state(at(copy))
    await prune(saver, copy)
    await saver.adelete_for_runs([str((head.metadata or {})["run_id"])])

    assert texts(await graph.aget_state(at(copy))) == whole
    assert texts(await graph.aget_state(at(thread))) == whole


async def test_a_branch_off_a_step_pruned_at_that_moment_is_refused(
    saver: Checkpointer, graph: CompiledStateGraph
):
    thread = str(uuid4())
    await ask(graph, thread, "one")
    step = next(state for state in await history(graph, thread) if state.next == ("keep_within_budget",))
    read = await saver.aget_tuple(step.config)
    assert read is not None
    await prune(saver, thread)
    before = told(await history(graph, thread))

    with pytest.raises(CheckpointGone):
        await saver.aput(
            read.config, {**read.checkpoint, "id": f"2{read.checkpoint['id'][1:]}"}, {"source": "fork"}, {}
        )

    assert told(await history(graph, thread)) == before
