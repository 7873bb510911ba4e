"""The counters that all processes share; where they cannot be reached, each process counts for itself."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, TypeVar

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = structlog.get_logger(__name__)

WAIT_SECONDS = 0.5
REST_SECONDS = 5.0

Answer = TypeVar("Answer")


class SharedCounters(RedisCache):
    """Django's Redis cache for counting only: one pool per process, and no request waits for a dead server.

    After a failure the server is left alone for some seconds; whoever tries next waits half a second at most.
    """

    _asked_again_at: ClassVar[dict[str, float]] = {}

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._server = server
        # Locmem counters of one name are one per process, whoever holds them.
        self._own = LocMemCache("threadplane-counters", {"TIMEOUT": 3600, "OPTIONS": {"MAX_ENTRIES": 10_000}})

    @property
    def _cache(self) -> RedisCacheClient:
        # Django makes a cache per request, and each would make its own connection.
        return _client(self._server)

    def add(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Begin a counter that is not there yet."""
        return self._ask(
            lambda: super(SharedCounters, self).add(key, value, timeout, version),
            lambda: self._own.add(key, value, timeout, version),
        )

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Read a mark that was added."""
        return self._ask(
            lambda: super(SharedCounters, self).get(key, default, version),
            lambda: self._own.get(key, default, version),
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Count on. Raises ValueError for a counter that was never begun."""
        return self._ask(
            lambda: self._count_on(key, delta, version),
            lambda: self._own.incr(key, delta, version),
        )

    def _count_on(self, key: str, delta: int, version: int | None) -> int:
        # Django asks first whether the key is there: one way to the server more for every request. Counters
        # begin at one, so this one was not there if it has counted nothing before.
        name = self.make_and_validate_key(key, version=version)
        client = self._cache.get_client(name, write=True)
        count = int(client.incr(name, delta))
        if count == delta:
            client.delete(name)
            raise ValueError(f"Key '{name}' not found.")
        return count

    def _ask(self, shared: Callable[[], Answer], own: Callable[[], Answer]) -> Answer:
        server = self._server
        if time.monotonic() < self._asked_again_at.get(server, 0.0):
            return own()
        try:
            return shared()
        except RedisError as error:
            self._asked_again_at[server] = time.monotonic() + REST_SECONDS
            logger.warning("throttle_counts_alone", error=type(error).__name__, seconds=REST_SECONDS)
            return own()


@cache
def _client(server: str) -> RedisCacheClient:
    return RedisCacheClient(
        [server],
        socket_timeout=WAIT_SECONDS,
        socket_connect_timeout=WAIT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
