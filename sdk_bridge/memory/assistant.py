"""How an assistant of the in-memory server answers: an async generator that takes the place of a graph."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

from sdk_bridge.messages import Message, PendingInterrupt
from sdk_bridge.runs import RunRequest
from sdk_bridge.usage import UsageRecord


@dataclass(frozen=True, slots=True)
class Turn:
    """What an assistant has to answer; `messages` ends with the new human message, unless the run resumes."""

    run_id: UUID
    thread_id: UUID
    request: RunRequest
    messages: tuple[Message, ...]

    @property
    def asked(self) -> str:
        """The text of the last human message."""
        return next((one.text for one in reversed(self.messages) if one.role == "human"), "")


# A string is a piece of the assistant's text: pieces add up to one message until something else is yielded.
# A message is added whole. An interrupt ends the run. A raised exception fails it.
Reply = str | Message | PendingInterrupt | UsageRecord
Assistant = Callable[[Turn], AsyncIterator[Reply]]


async def echo(turn: Turn) -> AsyncIterator[Reply]:
    """Say back what was asked, word by word."""
    for piece in ["You", " said", *(f" {word}" for word in turn.asked.split())]:
        yield piece
