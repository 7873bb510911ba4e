"""A graph whose last human message says what it does: the shapes of the product's graphs, without a model."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

# The server loads this file by path: its neighbours are found only when the folder is on the path.
sys.path.insert(0, str(Path(__file__).parent))

from scripted_model import calling, speaking, speaking_in_blocks  # see above


class LimitReached(Exception):
    """Stands for the product's error of the same name."""


class ModelUnreachable(Exception):
    """Stands for the product's error of the same name."""


FAILURES: dict[str, Exception] = {
    "fail with a limit": LimitReached("The daily limit is used up."),
    "fail without a model": ModelUnreachable("The model cannot be reached."),
    "fail somehow": RuntimeError("database password is hunter2"),
}


def asked(state: MessagesState) -> str:
    return next(m for m in reversed(state["messages"]) if isinstance(m, HumanMessage)).text


async def summarize(state: MessagesState) -> dict[str, Any]:
    if asked(state) == "summarize first":
        await speaking("a hidden summary").ainvoke(state["messages"])
    return {}


async def call_model(state: MessagesState, runtime: Runtime, config: RunnableConfig) -> dict[str, Any]:
    text = asked(state)
    if text in FAILURES:
        raise FAILURES[text]
    if text == "ask me":
        return {"messages": [AIMessage(f"You answered {interrupt({'question': 'Which one?'})}.")]}
    await leave_usage_record(runtime, config["metadata"]["run_id"])
    return {"messages": [await model_for(text, state).ainvoke(state["messages"])]}


def model_for(text: str, state: MessagesState) -> Any:
    answered = isinstance(state["messages"][-1], ToolMessage)
    if text == "use the tool":
        return speaking("The tool said 42.") if answered else calling("lookup", ['{"query": ', '"answer"}'])
    if text == "use the broken tool":
        return speaking("The tool failed.") if answered else calling("broken", ["{}"])
    if text == "speak in blocks":
        return speaking_in_blocks("Block text.")
    if text == "be slow":
        return speaking(" ".join(["tick"] * 200), pause=0.05)
    if text == "count":
        return speaking("1 2 3 4 5", pause=0.02)
    return speaking(f"You said {text}")


async def leave_usage_record(runtime: Runtime, run_id: str) -> None:
    attempt_id = str(uuid5(NAMESPACE_URL, run_id))
    record = {
        "attempt_id": attempt_id, "run_id": run_id, "provider": "scripted", "model": "parrot",
        "node": "call_model", "request_type": "chat", "outcome": "finished", "input_tokens": 7,
        "output_tokens": 3, "cached_tokens": 0, "reasoning_tokens": 0, "is_estimated": False,
        "duration_ms": 1, "ended_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).isoformat(),
    }  # fmt: skip
    await runtime.store.aput(("usage", run_id), attempt_id, record)


async def run_tools(state: MessagesState) -> dict[str, Any]:
    call = state["messages"][-1].tool_calls[0]
    broken = call["name"] == "broken"
    result = ToolMessage(
        "out of order" if broken else "42",
        id=f"result-of-{call['id']}",
        tool_call_id=call["id"],
        name=call["name"],
        status="error" if broken else "success",
    )
    return {"messages": [result]}


def after_model(state: MessagesState) -> Literal["tools", "__end__"]:
    return "tools" if state["messages"][-1].tool_calls else END


graph = (
    StateGraph(MessagesState)
    .add_node("summarize", summarize)
    .add_node("call_model", call_model)
    .add_node("tools", run_tools)
    .add_edge(START, "summarize")
    .add_edge("summarize", "call_model")
    .add_conditional_edges("call_model", after_model)
    .add_edge("tools", "call_model")
    .compile()
)
