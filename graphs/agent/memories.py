"""What the agent keeps of its user beyond one conversation: short texts, found again by their meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from langgraph.store.base import BaseStore, SearchItem

from graphs.store_places import memories_of
from graphs.vector_desk import DESK, Vector

LONGEST_TEXT: Final = 1000
MOST_MEMORIES: Final = 500
MOST_FOUND: Final = 5


class MemoryFull(Exception):
    """Raised where a user has as many memories as are kept."""


class WrongLength(Exception):
    """Raised for a vector that the store cannot take: it was set up for another model."""


@dataclass(frozen=True)
class Memory:
    """One text, and when it was said last."""

    text: str
    remembered_at: datetime


@dataclass(frozen=True)
class Memories:
    """One user's memories, made with one embedding model: vectors of several cannot be compared."""

    store: BaseStore
    user_id: str
    model: str

    async def knows(self, text: str) -> bool:
        """Whether there is this very text already."""
        item = await self.store.aget(memories_of(self.user_id), key_of(text))
        return item is not None and item.value.get("model") == self.model

    async def require_room(self, text: str) -> None:
        """Raise MemoryFull where no more are kept. Calls side by side may exceed it by their own number."""
        place = memories_of(self.user_id)
        last = await self.store.asearch(place, limit=1, offset=MOST_MEMORIES - 1)
        if last and await self.store.aget(place, key_of(text)) is None:
            raise MemoryFull

    async def keep(self, text: str, vector: Vector) -> None:
        """Keep a text; the same words again are the same memory. Raises WrongLength."""
        _check(vector)
        value: dict[str, Any] = {"text": text, "model": self.model}
        with DESK.handed_over(text, vector):
            await self.store.aput(memories_of(self.user_id), key_of(text), value, index=["text"])

    async def find(self, question: str, vector: Vector) -> list[Memory]:
        """Find those closest in meaning, the closest first. Raises WrongLength."""
        _check(vector)
        with DESK.handed_over(question, vector):
            items = await self.store.asearch(
                memories_of(self.user_id), query=question, filter={"model": self.model}, limit=MOST_FOUND
            )
        return [_read(item) for item in items]


def key_of(text: str) -> str:
    """Name a memory by its words: upper case and lower case are the same."""
    return str(uuid5(NAMESPACE_OID, text.casefold()))


def _check(vector: Sequence[float]) -> None:
    if len(vector) != DESK.dimensions:
        raise WrongLength


def _read(item: SearchItem) -> Memory:
    return Memory(text=str(item.value.get("text", "")), remembered_at=item.updated_at)
