"""What the in-memory server keeps in place of checkpoints; like these, it outlives the thread's row."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from sdk_bridge.messages import Checkpoint, History, Message, MessageId, PendingInterrupt

_places = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """One checkpoint; `waiting` is a message that a run was about to take in there."""

    id: str
    parent_id: str | None
    messages: tuple[Message, ...]
    created_at: datetime
    waiting: Message | None = None


@dataclass(slots=True)
class Conversation:
    """The messages of one thread, and what its graph waits for."""

    messages: list[Message] = field(default_factory=list)
    interrupts: tuple[PendingInterrupt, ...] = ()
    checkpoint_id: str | None = None
    checkpoints: dict[str, Place] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        """Add a message, or replace the one with its id."""
        for position, present in enumerate(self.messages):
            if present.id == message.id:
                self.messages[position] = message
                break
        else:
            self.messages.append(message)
        self._check()

    def take(self, message: Message | None, *, checkpoint_id: str | None) -> None:
        """Begin a turn, from a checkpoint if one is named; without a message with what waits there."""
        self.interrupts = ()
        if checkpoint_id is not None:
            self._stand_at(checkpoint_id)
        place = self.checkpoints.get(self.checkpoint_id or "")
        waiting = place.waiting if place is not None and message is None else None
        self._check(waiting=message)
        if message := message or waiting:
            self.add(message)

    def interrupt(self, interrupts: tuple[PendingInterrupt, ...]) -> None:
        """Set or clear what the graph waits for."""
        self.interrupts = interrupts
        self._check()

    def restore(self, messages: list[Message]) -> None:
        """Go back to an earlier list of messages."""
        self.messages = messages
        self.interrupts = ()
        self._check()

    def rewind(self, checkpoint_id: str) -> None:
        """Stand again where it stood."""
        self._stand_at(checkpoint_id)
        self._check(waiting=self.checkpoints[checkpoint_id].waiting)

    def at(self, checkpoint_id: str) -> "Conversation":
        """Give the conversation as it was at a checkpoint; at one that it never had it is empty."""
        place = self.checkpoints.get(checkpoint_id)
        return Conversation() if place is None else Conversation(list(place.messages), (), checkpoint_id)

    def copy(self) -> "Conversation":
        """Give another with the same checkpoints."""
        return deepcopy(self)

    def places(self, *, limit: int, before: str | None) -> tuple[Checkpoint, ...]:
        """List checkpoints, newest first."""
        older = [place for place in self.checkpoints.values() if before is None or place.id < before]
        return tuple(_seen(place) for place in older[::-1][:limit])

    def _stand_at(self, checkpoint_id: str) -> None:
        place = self.checkpoints.get(checkpoint_id)
        self.messages = [] if place is None else list(place.messages)
        self.interrupts = ()
        self.checkpoint_id = checkpoint_id

    def _check(self, *, waiting: Message | None = None) -> None:
        # Ids that grow with time, as those of the real server do.
        made = str(UUID(int=next(_places)))
        self.checkpoints[made] = Place(
            made, self.checkpoint_id, tuple(self.messages), datetime.now(UTC), waiting
        )
        self.checkpoint_id = made

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


def _seen(place: Place) -> Checkpoint:
    ids = tuple(MessageId(message.id, message.role) for message in place.messages)
    return Checkpoint(place.id, place.parent_id, ids, place.created_at)
