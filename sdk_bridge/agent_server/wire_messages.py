"""Reading of LangChain's messages and LangGraph's state into conversations."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sdk_bridge.agent_server.wire import Wire, reading
from sdk_bridge.messages import History, Message, PendingInterrupt, Role, TokenCounts, ToolCallRequest

_ROLES: Final[dict[object, Role]] = {
    "human": "human",
    "ai": "ai",
    "AIMessageChunk": "ai",
    "tool": "tool",
    "system": "system",
}


def role_of(raw: Wire) -> Role | None:
    """The role of a message; None for what is no message of a conversation (RemoveMessage and others)."""
    return _ROLES.get(raw.get("type"))


def text_of(content: object) -> str:
    """The text of a message's content, which is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(_text_of_block(block) for block in content)


def _text_of_block(block: object) -> str:
    if isinstance(block, str):
        return block
    if isinstance(block, dict) and block.get("type") == "text":
        return str(block.get("text") or "")
    return ""


def reasoning_of(raw: Wire) -> str:
    """What a message, or a piece of one, holds of a model's reasoning."""
    said = (raw.get("additional_kwargs") or {}).get("reasoning_content")
    return said if isinstance(said, str) else ""


@reading()
def read_message(raw: Wire) -> Message | None:
    """Read a whole message; None when it is no message of a conversation."""
    role = role_of(raw)
    if role is None:
        return None
    return Message(
        id=str(raw.get("id") or ""),
        role=role,
        text=text_of(raw.get("content")),
        tool_calls=_tool_calls(raw),
        tool_call_id=raw.get("tool_call_id"),
        name=raw.get("name"),
        is_error=raw.get("status") == "error",
        usage=_usage(raw.get("usage_metadata")),
        created_at=_created_at(raw),
        attempt_id=_attempt_id(raw),
        reasoning=reasoning_of(raw),
    )


def _tool_calls(raw: Wire) -> tuple[ToolCallRequest, ...]:
    """Read the calls; those whose arguments make no sense have results too, and are calls without any."""
    whole = [
        ToolCallRequest(id=str(call.get("id") or ""), name=call["name"], arguments=call["args"] or {})
        for call in raw.get("tool_calls") or ()
    ]
    malformed = [
        ToolCallRequest(id=str(call.get("id") or ""), name=call.get("name") or "", arguments={})
        for call in raw.get("invalid_tool_calls") or ()
    ]
    return (*whole, *malformed)


def _usage(raw: Wire | None) -> TokenCounts | None:
    return None if raw is None else TokenCounts(raw["input_tokens"], raw["output_tokens"])


def _attempt_id(raw: Wire) -> UUID | None:
    """What our graphs note on their answers; other graphs may put anything there."""
    noted = (raw.get("response_metadata") or {}).get("attempt_id")
    try:
        return UUID(noted) if isinstance(noted, str) else None
    except ValueError:
        return None


def _created_at(raw: Wire) -> datetime | None:
    """Messages carry no time of their own; graphs may note one in `additional_kwargs`."""
    noted = (raw.get("additional_kwargs") or {}).get("created_at")
    return datetime.fromisoformat(noted) if isinstance(noted, str) else None


def read_interrupts(raw: Iterable[Wire]) -> tuple[PendingInterrupt, ...]:
    """Read what a graph waits for."""
    return tuple(PendingInterrupt(str(one.get("id") or ""), one.get("value")) for one in raw)


@reading()
def read_history(raw: Wire, *, thread_id: UUID, limit: int, before: int | None) -> History:
    """Read a page of a thread's state, counted from its end."""
    values = raw.get("values")
    stored = values.get("messages") or [] if isinstance(values, dict) else []
    messages = [message for message in map(read_message, stored) if message is not None]
    end = len(messages) if before is None else max(0, min(before, len(messages)))
    start = max(0, end - limit)
    return History(
        thread_id=thread_id,
        checkpoint_id=(raw.get("checkpoint") or {}).get("checkpoint_id"),
        messages=tuple(messages[start:end]),
        first_index=start,
        total=len(messages),
        interrupts=read_interrupts(raw.get("interrupts") or ()),
    )
