"""Items in the real Agent Server's store, whatever they are."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from langgraph_sdk.client import StoreClient

from sdk_bridge.agent_server.calls import CallGroup
from sdk_bridge.agent_server.wire import read_memory
from sdk_bridge.errors import NotFound, ServerFailed
from sdk_bridge.memories import Memory, newest_first, place_of_memories

PAGE: Final = 100
# Twice what the agent keeps.
MOST_MEMORIES: Final = 1000

log = logging.getLogger(__name__)


class SdkStore(CallGroup):
    """Implements `sdk_bridge.bridge.StoreCalls`."""

    async def erase_items(self, namespace: Sequence[str]) -> int:
        erased: set[tuple[str, ...]] = set()
        while items := await self._page(namespace):
            names = {(*item["namespace"], item["key"]) for item in items}
            for item in items:
                await self._delete(item)
            if names <= erased:
                # Written anew as fast as it is deleted: whoever looks again later finds it.
                break
            erased |= names
        return len(erased)

    async def list_memories(self, owner_id: UUID) -> tuple[Memory, ...]:
        # By id: one that is written while pages are read shifts them, so one item may come twice.
        found: dict[UUID, Memory] = {}
        for offset in range(0, MOST_MEMORIES, PAGE):
            items = await self._page(place_of_memories(owner_id), offset=offset)
            found.update((memory.id, memory) for memory in _readable(items))
            if len(items) < PAGE:
                break
        return tuple(sorted(found.values(), key=newest_first, reverse=True))

    async def delete_memory(self, owner_id: UUID, memory_id: UUID) -> None:
        place, key = place_of_memories(owner_id), str(memory_id)
        item = await self._caller.repeatable(
            lambda: self._items.get_item(list(place), key=key, headers=self._caller.headers),
            missing=NotFound,
        )
        if not item:
            raise NotFound("There is no such memory.")
        await self._delete({"namespace": place, "key": key})

    @property
    def _items(self) -> StoreClient:
        return self._caller.client.store

    async def _page(self, namespace: Sequence[str], *, offset: int = 0) -> Sequence[Any]:
        page = await self._caller.repeatable(
            lambda: self._items.search_items(
                list(namespace), limit=PAGE, offset=offset, headers=self._caller.headers
            ),
            missing=NotFound,
        )
        return page["items"]

    async def _delete(self, item: Any) -> None:
        await self._caller.repeatable(
            lambda: self._items.delete_item(
                list(item["namespace"]), key=item["key"], headers=self._caller.headers
            ),
            missing=NotFound,
        )


def _readable(items: Sequence[Any]) -> Iterator[Memory]:
    """Leave out what is no memory, loudly."""
    for item in items:
        try:
            yield read_memory(item)
        except ServerFailed:
            log.exception("unreadable memory", extra={"key": item.get("key")})
