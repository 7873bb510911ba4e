"""What a streamed run says, as small frozen events (docs/contracts.md, section 9)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from sdk_bridge.messages import Message, PendingInterrupt

EndStatus = Literal["success", "error", "interrupted", "timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StreamEvent:
    """`event_id` resumes a resumable stream after this event (`Bridge.join_run`); None where it cannot."""

    event_id: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RunStarted(_StreamEvent):
    """The run exists and has its id; always the first event."""

    run_id: UUID
    thread_id: UUID


@dataclass(frozen=True, slots=True)
class Token(_StreamEvent):
    """A piece of the assistant's visible text."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Reasoning(_StreamEvent):
    """A piece of what the model thought before it spoke; it is no part of the text."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall(_StreamEvent):
    """The assistant calls a tool; the arguments are whole."""

    message_id: str
    tool_call_id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToolResult(_StreamEvent):
    """A tool answered."""

    message_id: str
    tool_call_id: str
    name: str
    content: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class MessageCompleted(_StreamEvent):
    """A whole message was added to the conversation; it supersedes the tokens with its id."""

    message: Message


@dataclass(frozen=True, slots=True)
class Interrupted(_StreamEvent):
    """The graph waits for answers; a run with `resume` gives them."""

    interrupts: tuple[PendingInterrupt, ...]


@dataclass(frozen=True, slots=True)
class RunFailed(_StreamEvent):
    """The run ended with an error (docs/contracts.md, section 7); `RunEnded` follows."""

    code: str
    message: str
    retryable: bool = False
    details: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class RunEnded(_StreamEvent):
    """The run is over; always the last event of a stream that was not cut."""

    run_id: UUID
    status: EndStatus


Event = (
    RunStarted
    | Token
    | Reasoning
    | ToolCall
    | ToolResult
    | MessageCompleted
    | Interrupted
    | RunFailed
    | RunEnded
)


def events_of(message: Message) -> Iterator[Event]:
    """Tool calls and results come as events of their own, before the whole message that holds them."""
    for call in message.tool_calls:
        yield ToolCall(message.id, call.id, call.name, call.arguments)
    if message.role == "tool":
        yield ToolResult(
            message.id,
            message.tool_call_id or "",
            message.name or "",
            message.text,
            is_error=message.is_error,
        )
    yield MessageCompleted(message)
