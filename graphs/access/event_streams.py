"""Keeps the streams of runs true to the letter for whoever joins one again, on the in-memory runtime too.

Its events are named by their millisecond: after one of two in the same millisecond, the other would never
come. And a join first repeats what is kept and then tells what comes, in which some of it is kept already.
"""

import re
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from starlette.types import Message, Scope, Send

try:
    from langgraph_runtime_inmem import inmem_stream  # type: ignore[import-untyped]  # it has no types
except ImportError:  # another runtime, which names its events itself
    inmem_stream = None

STREAM: Final = re.compile(r"/threads/[^/]+/runs/[^/]+/stream/?")
EVENT_ID: Final = re.compile(rb"\nid: ([^\r\n]+)\r?\n\r?\n\Z")


class EventIds:
    """Milliseconds, of which none is given twice and none before an earlier one."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Begin with the clock's own."""
        self._clock = clock
        self._lock = Lock()
        self._last = 0

    def next(self) -> str:
        """Give the next one, in the runtime's own form."""
        with self._lock:
            self._last = max(int(self._clock() * 1000), self._last + 1)
            return f"{self._last}-0"


def tell_events_apart() -> None:
    """Let the in-memory runtime name each event by an id of its own; another runtime is left alone."""
    if inmem_stream is not None:
        inmem_stream._generate_ms_seq_id = EventIds().next


def is_joined(scope: Scope) -> bool:
    """Whether a request joins a run's stream."""
    return scope.get("method") == "GET" and STREAM.search(scope["path"]) is not None


def without_repeats(send: Send) -> Send:
    """Pass an event stream on, each event with an id once; the server sends each as a piece of its own."""
    seen: set[bytes] = set()

    async def send_once(message: Message) -> None:
        found = EVENT_ID.search(message.get("body", b"")) if message.get("more_body") else None
        if found is not None:
            if found[1] in seen:
                return
            seen.add(found[1])
        await send(message)

    return send_once
