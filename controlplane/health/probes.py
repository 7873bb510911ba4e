"""Asks each part that requests depend on whether it answers, all at once and for a short time."""

import asyncio
from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from controlplane.agent_server.bridges import bridge_for_service

SECONDS_PER_PROBE = 3.0


async def probe_all() -> dict[str, bool]:
    """Say of each part whether it answered in time."""
    probes: dict[str, Callable[[], Awaitable[bool]]] = {
        "database": _database,
        "queue": _queue,
        "agent_server": _agent_server,
    }
    answers = await asyncio.gather(*(_within_bounds(probe()) for probe in probes.values()))
    return dict(zip(probes, answers, strict=True))


async def _within_bounds(answer: Awaitable[bool]) -> bool:
    try:
        return await asyncio.wait_for(answer, SECONDS_PER_PROBE)
    except TimeoutError:
        return False


async def _database() -> bool:
    # Its own thread: the request's thread must stay free while a dead server is waited for.
    return await sync_to_async(_ask_database, thread_sensitive=False)()


def _ask_database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        return False
    finally:
        connection.close()


async def _queue() -> bool:
    try:
        await cache.aget("health")
    except (RedisError, OSError):
        return False
    return True


async def _agent_server() -> bool:
    async with bridge_for_service() as bridge:
        return await bridge.is_alive()
