"""Where a turn goes: to the model if there is something to answer, and on from what the model said."""

from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import get_runtime

from graphs.agent.approvals import calls_to_ask_for
from graphs.agent.asked import asks_for_tools
from graphs.agent.context import AgentContext
from graphs.agent.state import AgentState
from graphs.settings import read_settings


def before_model(state: AgentState) -> Literal["keep_within_budget", "__end__"]:
    """Answer what was not answered yet.

    A server that was killed may repeat a run that was over, whose message is in its old place then.
    """
    messages = state["messages"]
    is_answered = messages and isinstance(messages[-1], AIMessage) and not asks_for_tools(messages[-1])
    return "__end__" if is_answered else "keep_within_budget"


def after_model(state: AgentState) -> Literal["ask_approval", "run_tools", "stop_tools", "__end__"]:
    """Run the tools the model asked for, within a bounded number of rounds; otherwise the turn is over.

    It takes no runtime: where a developer edits a state there is none.
    """
    return step_after(state["messages"], _context())


def step_after(
    messages: list[AnyMessage], context: AgentContext | None
) -> Literal["ask_approval", "run_tools", "stop_tools", "__end__"]:
    """Name the step after an answer; without a context, which tools need leave is for that node to find."""
    last = messages[-1]
    if not asks_for_tools(last):
        return "__end__"
    if _rounds(messages) > read_settings().most_tool_rounds:
        return "stop_tools"
    if context is None:
        return "ask_approval"
    return "ask_approval" if calls_to_ask_for(messages, context) else "run_tools"


def _context() -> AgentContext | None:
    runtime = get_runtime(AgentContext)
    # Edits of a state come through here as well, and the library's type does not know that.
    return getattr(runtime, "context", None)


def _rounds(messages: list[AnyMessage]) -> int:
    """Count this turn's rounds of tool calls, the one just asked for included."""
    rounds = 0
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        if asks_for_tools(message):
            rounds += 1
    return rounds
