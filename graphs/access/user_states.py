"""Remembers users' states for a few seconds, so that a request rarely waits for the control plane."""

import asyncio
import time
from uuid import UUID
from weakref import WeakValueDictionary

from graphs import control_plane
from graphs.control_plane import UserState

FRESH_SECONDS = 10.0
MOST_USERS = 10_000


class UserStates:
    """A cache of answers, unknown users included; one question at a time for each user."""

    def __init__(self) -> None:
        """Start empty."""
        self._answers: dict[UUID, tuple[float, UserState | None]] = {}
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def find(self, user_id: UUID) -> UserState | None:
        """Return the state, at most ten seconds old; raises ControlPlaneUnreachable, never serves stale."""
        lock = self._locks.setdefault(user_id, asyncio.Lock())
        async with lock:
            asked_at, state = self._answers.get(user_id, (float("-inf"), None))
            if time.monotonic() - asked_at < FRESH_SECONDS:
                return state
            state = await control_plane.user_state(user_id)
            self._remember(user_id, state)
            return state

    def _remember(self, user_id: UUID, state: UserState | None) -> None:
        self._answers.pop(user_id, None)
        while len(self._answers) >= MOST_USERS:
            del self._answers[next(iter(self._answers))]
        self._answers[user_id] = (time.monotonic(), state)
