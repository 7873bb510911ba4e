"""What the model asked for in an answer: the calls that can be made, and those whose arguments make no sense.

A model server insists on a result for each of both.
"""

import json
from typing import Final

from langchain_core.messages import AIMessage, AnyMessage, InvalidToolCall, ToolCall, ToolMessage

from graphs.agent.prompts import MALFORMED

# How model servers name the reason that an answer ended.
_REASONS: Final = ("finish_reason", "stop_reason")
_AT_ITS_LONGEST: Final = ("length", "max_tokens")


def asks_for_tools(message: AnyMessage) -> bool:
    """Whether an answer has calls of either kind."""
    return isinstance(message, AIMessage) and bool(message.tool_calls or message.invalid_tool_calls)


def asked_calls(message: AnyMessage) -> list[tuple[str, str]]:
    """List id and name of each call, in the order in which model servers are sent them again."""
    if not isinstance(message, AIMessage):
        return []
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    return [(call["id"] or "", call["name"] or "") for call in calls]


def refusals(calls: list[tuple[str, str]], words: str) -> list[ToolMessage]:
    """Answer calls that are not made."""
    return [ToolMessage(words, tool_call_id=call_id, name=name, status="error") for call_id, name in calls]


def without_cut_call(answer: AIMessage) -> AIMessage:
    """Take an answer that ended at its longest, in the middle of a call: what is left of it is not run.

    The library repairs arguments that break off, and they would be taken for whole.
    """
    if not answer.tool_calls or not _ended_at_its_longest(answer):
        return answer
    *whole, cut = answer.tool_calls
    malformed = InvalidToolCall(
        type="invalid_tool_call",
        id=cut["id"],
        name=cut["name"],
        args=json.dumps(cut["args"]),
        error="The answer ended here.",
    )
    changes = {"tool_calls": whole, "invalid_tool_calls": [*answer.invalid_tool_calls, malformed]}
    return answer.model_copy(update=changes)


def for_model(message: AnyMessage) -> AnyMessage:
    """Write malformed calls as calls without arguments: some model servers read what they are sent again."""
    if not isinstance(message, AIMessage) or not message.invalid_tool_calls:
        return message
    emptied = [
        ToolCall(type="tool_call", id=call["id"] or "", name=call["name"] or "unknown", args={})
        for call in message.invalid_tool_calls
    ]
    changes = {"tool_calls": [*message.tool_calls, *emptied], "invalid_tool_calls": []}
    return message.model_copy(update=changes)


def malformed_refusals(message: AnyMessage) -> list[ToolMessage]:
    """Answer the calls whose arguments are no JSON."""
    malformed = message.invalid_tool_calls if isinstance(message, AIMessage) else []
    return refusals([(call["id"] or "", call["name"] or "") for call in malformed], MALFORMED)


def _ended_at_its_longest(answer: AIMessage) -> bool:
    return any(answer.response_metadata.get(reason) in _AT_ITS_LONGEST for reason in _REASONS)
