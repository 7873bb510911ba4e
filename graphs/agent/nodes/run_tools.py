"""Runs the tools that the model asked for, or says that there is no more room for them."""

from typing import Any

from langchain_core.messages import AIMessage
from langgraph.config import get_config
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.runtime import Runtime

from graphs.agent.asked import asked_calls, malformed_refusals, refusals
from graphs.agent.context import AgentContext
from graphs.agent.prompts import CALLS_SPENT, ROUNDS_SPENT, STOPPED
from graphs.agent.state import AgentState
from graphs.agent.toolbox import tools_of
from graphs.metering.bounded_calls import Answer, Execute, bounded_call
from graphs.metering.tool_calls import PermittedCalls
from graphs.settings import read_settings


async def run_tools(state: AgentState, runtime: Runtime[AgentContext]) -> dict[str, Any]:
    """Run the calls of the last message side by side; one that fails, is unknown or refused tells the model.

    Each is asked for, counted and bounded by itself; what is too many or malformed is answered without being
    run. Raises ControlPlaneUnreachable.
    """
    last, info = state["messages"][-1], runtime.execution_info
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    most = read_settings().most_tool_calls_per_round
    surplus = [(call["id"] or "", call["name"]) for call in calls[most:]]
    refused = [*refusals(surplus, CALLS_SPENT), *malformed_refusals(last)]
    if not calls:
        return {"messages": refused}
    permitted = PermittedCalls(run_id=(info.run_id if info else None) or "", message_id=last.id or "")

    async def call(request: ToolCallRequest, execute: Execute) -> Answer:
        return await permitted.call(request, lambda given: bounded_call(given, execute))

    node = ToolNode(tools_of(runtime.context), awrap_tool_call=call)
    asked = last.model_copy(update={"tool_calls": calls[:most]})
    answers: dict[str, Any] = await node.ainvoke({"messages": [asked]}, get_config())
    return {"messages": [*answers["messages"], *refused]}


def stop_tools(state: AgentState) -> dict[str, Any]:
    """Close the open calls and the turn, so that the next one starts without loose ends."""
    spent = refusals(asked_calls(state["messages"][-1]), ROUNDS_SPENT)
    return {"messages": [*spent, AIMessage(STOPPED)]}
