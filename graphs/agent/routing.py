"""Where a turn goes after the model has spoken."""

from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from graphs.agent.state import AgentState

MOST_TOOL_ROUNDS = 8


def after_model(state: AgentState) -> Literal["run_tools", "stop_tools", "__end__"]:
    """Run the tools the model asked for, within a bounded number of rounds; otherwise the turn is over."""
    messages = state["messages"]
    last = messages[-1]
    if not isinstance(last, AIMessage) or not last.tool_calls:
        return "__end__"
    return "run_tools" if _rounds(messages) <= MOST_TOOL_ROUNDS else "stop_tools"


def _rounds(messages: list[AnyMessage]) -> int:
    """Count this turn's rounds of tool calls, the one just asked for included."""
    rounds = 0
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        if isinstance(message, AIMessage) and message.tool_calls:
            rounds += 1
    return rounds
