"""Names a tool call by where it stands: some model servers use an id twice, within an answer as well."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID, uuid5

from langchain_core.messages import AIMessage, ToolCall


@dataclass(frozen=True, kw_only=True)
class PlacedCall:
    """A call of an answer: at which index, and by which name within its thread."""

    index: int
    place: str
    call: ToolCall


def placed_calls(message: AIMessage) -> list[PlacedCall]:
    """Give the calls of an answer, each with its place."""
    named: Counter[str] = Counter()
    placed = []
    for index, call in enumerate(message.tool_calls):
        call_id = call["id"] or ""
        named[call_id] += 1
        placed.append(PlacedCall(index=index, place=place_of(message.id, call_id, named[call_id]), call=call))
    return placed


def place_of(message_id: str | None, call_id: str, number: int) -> str:
    """Name the call that is the nth of its id in an answer."""
    return f"{message_id or ''}/{call_id}/{number}"


def approval_id(thread_id: str, place: str) -> UUID:
    """Name the leave for a call; the run that resumes finds the same."""
    return uuid5(UUID(thread_id), place)
