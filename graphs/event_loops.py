"""Connections belong to one event loop; this keeps one of them for each."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

Resource = TypeVar("Resource")


class PerLoop(Generic[Resource]):
    """One lazily made resource for each running event loop, forgotten with its loop."""

    def __init__(self, make: Callable[[], Resource]) -> None:
        """Remember how to make one; nothing is made before the first `get`."""
        self._make = make
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, Resource] = WeakKeyDictionary()

    def get(self) -> Resource:
        """Return the running loop's own; raises RuntimeError outside of a loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            self._made[loop] = self._make()
        return self._made[loop]
