"""Kills parts of the running system with SIGKILL, never so often that the supervisor would give up."""

import os
import queue
import signal
import threading
import time
from collections import Counter
from contextlib import suppress

from tests.chaos.plan import Kill
from tests.chaos.system import ShakenSystem

# The supervisor gives up at five deaths in a row, each within 30 s of a start.
SOON_SECONDS, MOST_SOON = 45.0, 3


class Killer:
    """A thread of its own, so that whoever begins a turn does not wait."""

    def __init__(self, system: ShakenSystem) -> None:
        self.kills: Counter[str] = Counter()
        self._system = system
        self._due: queue.SimpleQueue[Kill | None] = queue.SimpleQueue()
        self._last: dict[str, float] = {}
        self._in_a_row: Counter[str] = Counter()
        self._dead: dict[str, int] = {}
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def order(self, kill: Kill) -> None:
        """Have it done soon."""
        self._due.put(kill)

    def end(self) -> None:
        """Do what was ordered, and stop."""
        self._due.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (kill := self._due.get()) is not None:
            time.sleep(kill.pause)
            for part in kill.parts:
                if self._may_die(part) and self._kill(part):
                    break

    def _may_die(self, part: str) -> bool:
        return self._in_a_row[part] < MOST_SOON or self._since(part) > SOON_SECONDS

    def _since(self, part: str) -> float:
        return time.monotonic() - self._last.get(part, -SOON_SECONDS)

    def _kill(self, part: str) -> bool:
        pid = self._system.stack.pids()[part]
        if self._dead.get(part) == pid:
            return False  # it is not back yet
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self._in_a_row[part] = self._in_a_row[part] + 1 if self._since(part) < SOON_SECONDS else 1
            self._last[part] = time.monotonic()
            self._dead[part] = pid
            self.kills[part] += 1
            return True
        return False
