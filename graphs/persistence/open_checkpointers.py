"""Knows the checkpointer that is open on each event loop: the server hands none to runs without a thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from langgraph.checkpoint.base import BaseCheckpointSaver

# Not in the checkpointer's own module: the server loads that one a second time, by its path.
_open: WeakKeyDictionary[asyncio.AbstractEventLoop, BaseCheckpointSaver[str]] = WeakKeyDictionary()


@contextmanager
def known_as_open(saver: BaseCheckpointSaver[str]) -> Iterator[None]:
    """Make a checkpointer known to the running loop for as long as the block lasts."""
    loop = asyncio.get_running_loop()
    before = _open.get(loop)
    _open[loop] = saver
    try:
        yield
    finally:
        if before is None:
            _open.pop(loop, None)
        else:
            _open[loop] = before


def open_checkpointer() -> BaseCheckpointSaver[str] | None:
    """Give the one that is open on the running loop."""
    return _open.get(asyncio.get_running_loop())
