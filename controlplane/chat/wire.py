"""How messages and events look on the wire (docs/contracts.md, section 9)."""

from collections.abc import Sequence
from typing import Any

from sdk_bridge import (
    BridgeError,
    Event,
    Interrupted,
    Message,
    MessageCompleted,
    PendingInterrupt,
    Reasoning,
    RunEnded,
    RunFailed,
    RunStarted,
    Token,
    ToolCall,
    ToolResult,
)


def message_as_json(message: Message) -> dict[str, Any]:
    """Present one message; what only tool messages have is left out of the others."""
    calls = [
        {"id": call.id, "name": call.name, "arguments": dict(call.arguments)} for call in message.tool_calls
    ]
    shown: dict[str, Any] = {
        "id": message.id,
        "role": message.role,
        "content": message.text,
        "tool_calls": calls,
    }
    if message.role == "tool":
        shown |= {"tool_call_id": message.tool_call_id, "name": message.name, "is_error": message.is_error}
    if message.reasoning:
        shown["reasoning"] = message.reasoning
    if message.created_at is not None:
        shown["created_at"] = message.created_at
    return shown


def interrupts_as_json(interrupts: Sequence[PendingInterrupt]) -> list[dict[str, Any]]:
    """Present the questions that a graph waits on."""
    return [{"id": interrupt.id, "value": interrupt.value} for interrupt in interrupts]


def event_as_json(event: Event) -> tuple[str, dict[str, Any]]:  # noqa: PLR0911  # one per kind of event
    """Give an event's name and data."""
    match event:
        case RunStarted(run_id=run_id, thread_id=thread_id):
            return "run", {"run_id": run_id, "thread_id": thread_id}
        case Token(message_id=message_id, text=text):
            return "token", {"message_id": message_id, "text": text}
        case Reasoning():
            return "reasoning", _fields(event, "message_id", "text")
        case ToolCall():
            return "tool_call", _fields(event, "message_id", "tool_call_id", "name", "arguments")
        case ToolResult():
            return "tool_result", _fields(event, "message_id", "tool_call_id", "name", "content", "is_error")
        case MessageCompleted(message=message):
            return "message", message_as_json(message)
        case Interrupted(interrupts=interrupts):
            return "interrupt", {"interrupts": interrupts_as_json(interrupts)}
        case RunFailed():
            return "error", _fields(event, "code", "message", "retryable", "details")
        case RunEnded(run_id=run_id, status=status):
            return "end", {"run_id": run_id, "status": status}


def failure_as_json(error: BridgeError) -> tuple[str, dict[str, Any]]:
    """Present an error that cut a stream short; no `end` follows it."""
    return "error", _fields(error, "code", "message", "retryable", "details")


def _fields(source: object, *names: str) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}
