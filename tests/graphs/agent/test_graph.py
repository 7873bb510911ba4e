"""The agent's turns on a real model protocol: memory, tools, summaries."""

import json
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.memory import InMemoryStore

from graphs.agent.context import AgentContext
from graphs.agent.graph import builder, graph
from tests.graphs.control_plane_double import ControlPlaneDouble, refusal
from tests.scripted_model import ScriptedModel

PLAIN = {"enabled_tools": [], "enable_summarization": False}


@pytest.fixture
def agent(behind_control_plane: ControlPlaneDouble) -> CompiledStateGraph:
    return builder.compile(checkpointer=InMemorySaver(), store=InMemoryStore())


def run(thread: str) -> dict:
    return {"configurable": {"thread_id": thread}, "run_id": uuid4()}


async def test_a_turn_is_remembered(agent: CompiledStateGraph, scripted_model: ScriptedModel):
    thread = str(uuid4())
    scripted_model.reply(f"first {thread}", "One.")
    scripted_model.reply(f"second {thread}", "Two.")

    await agent.ainvoke({"messages": [HumanMessage(f"first {thread}")]}, run(thread), context=PLAIN)
    state = await agent.ainvoke({"messages": [HumanMessage(f"second {thread}")]}, run(thread), context=PLAIN)

    [request] = scripted_model.calls(f"second {thread}")
    assert [message.text for message in state["messages"]] == [
        f"first {thread}",
        "One.",
        f"second {thread}",
        "Two.",
    ]
    assert [message["role"] for message in request["body"]["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


async def test_without_enabled_tools_none_are_offered(
    agent: CompiledStateGraph, scripted_model: ScriptedModel
):
    thread = str(uuid4())
    scripted_model.reply(f"bare {thread}", "Yes.")

    await agent.ainvoke({"messages": [HumanMessage(f"bare {thread}")]}, run(thread), context=PLAIN)

    [request] = scripted_model.calls(f"bare {thread}")
    assert "tools" not in request["body"]
    assert request["body"]["stream_options"] == {"include_usage": True}
    assert request["body"]["max_completion_tokens"] == 1024


async def test_a_tool_is_run_and_its_result_told(
    agent: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    thread = str(uuid4())
    scripted_model.call_tool(f"sum {thread}", "calculator", {"expression": "6*7"}, then="It is 42.")
    config = run(thread)

    state = await agent.ainvoke(
        {"messages": [HumanMessage(f"sum {thread}")]},
        config,
        context={**PLAIN, "enabled_tools": ["calculator"]},
    )

    assert [(message.type, message.text) for message in state["messages"][1:]] == [
        ("ai", ""),
        ("tool", "42"),
        ("ai", "It is 42."),
    ]
    run_id = str(config["run_id"])
    assert len(behind_control_plane.permits_of(run_id)) == 2
    assert [call["tool_name"] for call in behind_control_plane.tool_calls_of(run_id)] == ["calculator"]
    assert [end["outcome"] for end in behind_control_plane.tool_ends_of(run_id)] == ["finished"]


async def test_a_refused_tool_is_told_to_the_model_and_the_turn_goes_on(
    agent: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    thread = str(uuid4())
    scripted_model.call_tool(f"often {thread}", "calculator", {"expression": "6*7"}, then="Not now.")
    config = run(thread)
    behind_control_plane.tool_refusals["calculator"] = refusal(429, "limit_reached", "Too often.")

    try:
        state = await agent.ainvoke(
            {"messages": [HumanMessage(f"often {thread}")]},
            config,
            context={**PLAIN, "enabled_tools": ["calculator"]},
        )
    finally:
        behind_control_plane.tool_refusals.clear()

    assert [(message.type, message.text) for message in state["messages"][1:]] == [
        ("ai", ""),
        ("tool", "Too often."),
        ("ai", "Not now."),
    ]
    assert state["messages"][2].status == "error"
    assert behind_control_plane.tool_ends_of(str(config["run_id"])) == []


async def test_a_tool_that_is_not_enabled_is_not_run(
    agent: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    thread = str(uuid4())
    config = run(thread)
    scripted_model.call_tool(f"sly {thread}", "calculator", {"expression": "6*7"}, then="I may not.")

    state = await agent.ainvoke(
        {"messages": [HumanMessage(f"sly {thread}")]},
        config,
        context={**PLAIN, "enabled_tools": ["current_time"]},
    )

    result = state["messages"][2]
    assert result.status == "error"
    assert "42" not in result.text
    assert behind_control_plane.tool_calls_of(str(config["run_id"])) == []


async def test_a_model_that_never_stops_calling_is_stopped(
    agent: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    thread = str(uuid4())
    config = run(thread)
    call = {"toolCalls": [{"id": "c1", "name": "calculator", "arguments": {"expression": "1"}}]}
    scripted_model.script({"match": {"userMessage": f"forever {thread}"}, "response": call})

    state = await agent.ainvoke(
        {"messages": [HumanMessage(f"forever {thread}")]},
        config,
        context={**PLAIN, "enabled_tools": ["calculator"]},
    )

    assert len(scripted_model.calls(f"forever {thread}")) == 9
    attempts = [call["attempt_id"] for call in behind_control_plane.tool_calls_of(str(config["run_id"]))]
    assert len(set(attempts)) == len(attempts) == 8
    assert state["messages"][-1].text.startswith("I stopped")


async def test_older_turns_are_summarized_for_the_model_alone(
    agent: CompiledStateGraph, behind_control_plane: ControlPlaneDouble, scripted_model: ScriptedModel
):
    thread, config = str(uuid4()), run(str(uuid4()))
    past = [
        message
        for turn in range(6)
        for message in (HumanMessage(f"{thread} question {turn} " + "x" * 400), AIMessage("y" * 400))
    ]
    scripted_model.reply("Create a summary of the conversation above", "First part.")
    scripted_model.reply(f"now {thread}", "Right.")

    streamed = [
        (chunk.text, part["langgraph_node"])
        async for chunk, part in agent.astream(
            {"messages": [*past, HumanMessage(f"now {thread}")]},
            config,
            context={
                **PLAIN,
                "enable_summarization": True,
                "summarization_threshold": 600,
                "summary_keep_tokens": 300,
            },
            stream_mode="messages",
        )
        if isinstance(chunk, AIMessage) and chunk.text
    ]

    state = (await agent.aget_state(config)).values
    [request] = scripted_model.calls(f"now {thread}")
    told = request["body"]["messages"]
    assert len(state["messages"]) == 14
    assert set(state["summary"]) == {"text", "last_message_id", "covers"}
    assert state["summary"]["text"] == "First part."
    assert "First part." in told[0]["content"]
    assert len(told) < 6
    assert told[-1]["content"] == f"now {thread}"
    assert {node for _, node in streamed} == {"call_model"}
    assert [permit["request_type"] for permit in behind_control_plane.permits_of(str(config["run_id"]))] == [
        "summarization",
        "chat",
    ]


async def test_a_running_summary_is_extended_not_repeated(
    agent: CompiledStateGraph, scripted_model: ScriptedModel
):
    thread = str(uuid4())
    settings = {
        **PLAIN,
        "enable_summarization": True,
        "summarization_threshold": 300,
        "summary_keep_tokens": 100,
    }
    scripted_model.reply("Create a summary of the conversation above", "First part.")
    scripted_model.reply("Extend this summary", "First and second part.")
    scripted_model.reply(f"turn {thread}", "z" * 500)

    for _ in range(6):
        state = await agent.ainvoke(
            {"messages": [HumanMessage(f"turn {thread} " + "x" * 500)]}, run(thread), context=settings
        )

    extensions = [
        entry
        for entry in scripted_model.calls("Extend this summary")
        if thread in json.dumps(entry["body"]["messages"])
    ]
    assert state["summary"]["text"] == "First and second part."
    assert len(state["messages"]) == 12
    assert all(len(entry["body"]["messages"]) <= 4 for entry in extensions)
    assert len(extensions) >= 2


def test_every_setting_is_described_and_has_a_default():
    schema = AgentContext.model_json_schema()

    assert all(field["description"] for field in schema["properties"].values())
    assert "required" not in schema


def test_the_picture_reads_like_the_plan():
    edges = {(edge.source, edge.target) for edge in graph.get_graph().edges}

    assert edges == {
        ("__start__", "keep_within_budget"),
        ("__start__", "__end__"),
        ("keep_within_budget", "call_model"),
        ("call_model", "run_tools"),
        ("call_model", "stop_tools"),
        ("call_model", "__end__"),
        ("run_tools", "call_model"),
        ("stop_tools", "__end__"),
    }
