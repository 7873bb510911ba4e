"""Runs the tools that the model asked for, or says that there is no more room for them."""

from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.config import get_config
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime

from graphs.agent.approvals import open_calls
from graphs.agent.context import AgentContext
from graphs.agent.prompts import ROUNDS_SPENT, STOPPED
from graphs.agent.state import AgentState
from graphs.agent.toolbox import tools_of
from graphs.metering.tool_calls import PermittedCalls


async def run_tools(state: AgentState, runtime: Runtime[AgentContext]) -> dict[str, Any]:
    """Run the open calls of the last answer side by side; one that fails or is refused tells the model.

    Each is asked for and counted by itself. Raises ControlPlaneUnreachable.
    """
    last, info = open_calls(state["messages"]), runtime.execution_info
    if last is None or not last.tool_calls:
        return {}
    permitted = PermittedCalls(
        run_id=(info.run_id if info else None) or "",
        message_id=last.id or "",
        thread_id=str(get_config().get("configurable", {}).get("thread_id") or ""),
    )
    node = ToolNode(tools_of(runtime.context), awrap_tool_call=permitted.call)
    answers: dict[str, Any] = await node.ainvoke({"messages": [last]}, get_config())
    return answers


def stop_tools(state: AgentState) -> dict[str, Any]:
    """Close the open calls and the turn, so that the next one starts without loose ends."""
    last = state["messages"][-1]
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    refusals = [
        ToolMessage(ROUNDS_SPENT, tool_call_id=call["id"], name=call["name"], status="error")
        for call in calls
    ]
    return {"messages": [*refusals, AIMessage(STOPPED)]}
