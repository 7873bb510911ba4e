"""What the in-memory server keeps in place of checkpoints; like these, it outlives the thread's row."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sdk_bridge.messages import History, Message, PendingInterrupt


@dataclass(slots=True)
class Conversation:
    """The messages of one thread, and what its graph waits for."""

    messages: list[Message] = field(default_factory=list)
    interrupts: tuple[PendingInterrupt, ...] = ()
    checkpoint_id: str | None = None
    checkpoints: dict[str, tuple[Message, ...]] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        """Add a message, or replace the one with its id."""
        for position, present in enumerate(self.messages):
            if present.id == message.id:
                self.messages[position] = message
                break
        else:
            self.messages.append(message)
        self._check()

    def interrupt(self, interrupts: tuple[PendingInterrupt, ...]) -> None:
        """Set or clear what the graph waits for."""
        self.interrupts = interrupts
        self._check()

    def restore(self, messages: list[Message]) -> None:
        """Go back to an earlier list of messages."""
        self.messages = messages
        self.interrupts = ()
        self._check()

    def at(self, checkpoint_id: str) -> "Conversation":
        """Give the conversation as it was at a checkpoint; at one that it never had it is empty."""
        messages = list(self.checkpoints.get(checkpoint_id, ()))
        return Conversation(messages, checkpoint_id=checkpoint_id)

    def _check(self) -> None:
        self.checkpoint_id = str(uuid4())
        self.checkpoints[self.checkpoint_id] = tuple(self.messages)

    def page(self, thread_id: UUID, *, limit: int, before: int | None) -> History:
        """Give a page, counted from the end."""
        total = len(self.messages)
        end = total if before is None else max(0, min(before, total))
        start = max(0, end - limit)
        return History(
            thread_id=thread_id,
            checkpoint_id=self.checkpoint_id,
            messages=tuple(self.messages[start:end]),
            first_index=start,
            total=total,
            interrupts=self.interrupts,
        )
