"""Keeps copies in the cache with the version they were made of, so that an old copy is passed over."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# After one failure the source is asked without waiting for the cache again.
SILENCE_SECONDS: Final = 5.0

Value = TypeVar("Value")


class VersionedEntries(Generic[Value]):
    """Copies of one kind of thing, named `<prefix>_<key>` and kept for so many seconds at most.

    `read` takes the version that the copy must have, which the caller knows from the database: nothing has
    to be told to the cache when the source changes, so nothing is lost while it cannot be reached, and a
    slow reader who stores what it read before a change stores it under the old version. A version is never
    to come back: take a number of a sequence, not a count that a rollback would give out again.

    Values are built-in types alone: after an upgrade an old copy of a class might not load.
    """

    def __init__(self, *, prefix: str, seconds: int) -> None:
        self.prefix = prefix
        self.seconds = seconds
        self._silent_until = 0.0

    def name_of(self, key: object) -> str:
        """Give the name of an entry in the cache."""
        return f"{self.prefix}_{key}"

    def read(self, key: object, *, version: object, load: Callable[[], Value]) -> Value:
        """Give the copy of this version, or what `load` reads, which is kept for the next reader.

        A cache that does not answer costs one time-out, then nothing for some seconds. Raises what `load`
        raises.
        """
        name = self.name_of(key)
        entry = self._ask(lambda: cache.get(name))
        if isinstance(entry, dict) and entry.get("version") == version:
            kept: Value = entry["value"]
            return kept
        value = load()
        self._ask(lambda: cache.set(name, {"version": version, "value": value}, self.seconds))
        return value

    def forget(self, key: object) -> None:
        """Drop a copy; one in a cache that does not answer goes when its time is over."""
        self._ask(lambda: cache.delete(self.name_of(key)))

    def _ask(self, question: Callable[[], Any]) -> Any:
        if time.monotonic() < self._silent_until:
            return None
        try:
            return question()
        except RedisError as error:
            self._silent_until = time.monotonic() + SILENCE_SECONDS
            logger.warning("The cache does not answer: %s", type(error).__name__)
            return None
