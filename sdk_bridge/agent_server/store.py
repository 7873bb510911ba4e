"""Items in the real Agent Server's store, whatever they are."""

from collections.abc import Sequence
from typing import Any, Final

from langgraph_sdk.client import StoreClient

from sdk_bridge.agent_server.calls import CallGroup
from sdk_bridge.errors import NotFound

PAGE: Final = 100


class SdkStore(CallGroup):
    """Implements `sdk_bridge.bridge.StoreCalls`."""

    async def erase_items(self, namespace: Sequence[str]) -> int:
        erased: set[tuple[str, ...]] = set()
        while items := await self._first_page(namespace):
            names = {(*item["namespace"], item["key"]) for item in items}
            for item in items:
                await self._delete(item)
            if names <= erased:
                # Written anew as fast as it is deleted: whoever looks again later finds it.
                break
            erased |= names
        return len(erased)

    @property
    def _items(self) -> StoreClient:
        return self._caller.client.store

    async def _first_page(self, namespace: Sequence[str]) -> Sequence[Any]:
        page = await self._caller.repeatable(
            lambda: self._items.search_items(list(namespace), limit=PAGE, headers=self._caller.headers),
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
