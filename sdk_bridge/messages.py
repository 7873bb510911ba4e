"""Messages as the product sees them: text, tool calls and results, without LangChain's shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Role = Literal["human", "ai", "tool", "system"]


@dataclass(frozen=True, slots=True)
class ToolCallRequest:
    """What an assistant message asks a tool to do."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """What the provider counted for one message; `input_tokens` includes cached ones."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message of a conversation; `attempt_id` names the model call that an answer came from.

    `reasoning` is what the model thought before it spoke, where its server tells.
    """

    id: str
    role: Role
    text: str
    tool_calls: tuple[ToolCallRequest, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    is_error: bool = False
    usage: TokenCounts | None = None
    created_at: datetime | None = None
    attempt_id: UUID | None = None
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class PendingInterrupt:
    """A question that the graph asked and waits on; `value` is whatever the graph put there."""

    id: str
    value: object


@dataclass(frozen=True, slots=True)
class History:
    """A page of a conversation, oldest first.

    `first_index` is the position of the page's first message in the whole conversation of `total` messages;
    passed as `before` to `Bridge.read_history` it asks for the page before this one.
    """

    thread_id: UUID
    checkpoint_id: str | None
    messages: tuple[Message, ...]
    first_index: int
    total: int
    interrupts: tuple[PendingInterrupt, ...] = ()

    @property
    def has_earlier(self) -> bool:
        """Whether there are messages before this page."""
        return self.first_index > 0
