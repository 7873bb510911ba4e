"""Where a turn goes: to the model if there is something to answer, and on from what the model said."""

from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from graphs.agent.asked import asks_for_tools
from graphs.agent.state import AgentState
from graphs.settings import read_settings


def before_model(state: AgentState) -> Literal["keep_within_budget", "__end__"]:
    """Answer what was not answered yet.

    A server that was killed may repeat a run that was over, whose message is in its old place then.
    """
    messages = state["messages"]
    is_answered = messages and isinstance(messages[-1], AIMessage) and not asks_for_tools(messages[-1])
    return "__end__" if is_answered else "keep_within_budget"


def after_model(state: AgentState) -> Literal["run_tools", "stop_tools", "__end__"]:
    """Run the tools the model asked for, within a bounded number of rounds; otherwise the turn is over."""
    messages = state["messages"]
    if not asks_for_tools(messages[-1]):
        return "__end__"
    return "run_tools" if _rounds(messages) <= read_settings().most_tool_rounds else "stop_tools"


def _rounds(messages: list[AnyMessage]) -> int:
    """Count this turn's rounds of tool calls, the one just asked for included."""
    rounds = 0
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        if asks_for_tools(message):
            rounds += 1
    return rounds
