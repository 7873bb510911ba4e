"""What the agent was told to remember of a user, as the user is shown it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Memory:
    """One text; `updated_at` is when it was remembered last."""

    id: UUID
    text: str = field(repr=False)
    created_at: datetime
    updated_at: datetime


def newest_first(memory: Memory) -> tuple[datetime, UUID]:
    """Sort by this, in reverse."""
    return memory.updated_at, memory.id


def place_of_memories(owner_id: UUID) -> tuple[str, str, str]:
    """Name the part of the store (docs/contracts.md, section 3e)."""
    return "users", str(owner_id), "memories"
