"""Knows which threads have old steps to prune, and prunes them behind the server's back, some at a time.

The queue is a table, so that a killed server forgets nothing and several servers share the work.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolTimeout

from graphs.persistence.pool import Pool
from graphs.persistence.pruning import prune_thread
from graphs.settings import read_settings

LONGEST_PAUSE_SECONDS = 60.0
SHORTEST_PAUSE_SECONDS = 0.05
# Between two of them the threads of the same loop get their turn.
THREADS_AT_ONCE = 20

TABLE = """
    CREATE TABLE IF NOT EXISTS checkpoint_prunings (
        thread_id TEXT PRIMARY KEY, since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())
"""
INDEX = "CREATE INDEX IF NOT EXISTS checkpoint_prunings_since ON checkpoint_prunings (since)"
QUEUE = """
    INSERT INTO checkpoint_prunings (thread_id) VALUES (%(thread)s)
    ON CONFLICT (thread_id) DO UPDATE SET since = EXCLUDED.since
"""
NEXT = """
    SELECT thread_id FROM checkpoint_prunings
    WHERE since <= clock_timestamp() - make_interval(secs => %(age)s)
    ORDER BY since LIMIT 1 FOR UPDATE SKIP LOCKED
"""
DONE = "DELETE FROM checkpoint_prunings WHERE thread_id = %(thread)s"

logger = logging.getLogger(__name__)


async def queue_setup(pool: Pool) -> None:
    """Make the table; the caller has the turn to set tables up."""
    async with pool.connection() as connection:
        await connection.execute(TABLE)
        await connection.execute(INDEX)


async def thread_queue(pool: Pool, thread_id: str) -> None:
    """Note that a thread has steps that will be old some time."""
    async with pool.connection() as connection:
        await connection.execute(QUEUE, {"thread": thread_id})


async def thread_forget(pool: Pool, thread_id: str) -> None:
    """Take a thread that was deleted out of the queue."""
    async with pool.connection() as connection:
        await connection.execute(DONE, {"thread": thread_id})


async def prune_next(pool: Pool, *, age_seconds: float) -> bool:
    """Prune the thread that has waited longest, in one transaction; returns whether there was one."""
    async with pool.connection() as connection, connection.transaction():
        row = await (await connection.execute(NEXT, {"age": age_seconds})).fetchone()
        if row is None:
            return False
        thread_id: str = row["thread_id"]
        is_done = await prune_thread(connection, thread_id, age_seconds=age_seconds)
        await connection.execute(DONE if is_done else QUEUE, {"thread": thread_id})
    return True


@asynccontextmanager
async def pruning(pool: Pool) -> AsyncIterator[None]:
    """Prune for as long as the context lasts."""
    task = asyncio.create_task(_prune_for_ever(pool), name="pruning of checkpoints")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _prune_for_ever(pool: Pool) -> None:
    age = read_settings().checkpoint_prune_after_seconds
    pause = min(LONGEST_PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, age / 5))
    while True:
        await asyncio.sleep(pause)
        try:
            for _ in range(THREADS_AT_ONCE):
                if not await prune_next(pool, age_seconds=age):
                    break
        except (psycopg.Error, PoolTimeout) as error:
            # The database is away, or a lock was lost: the queue still knows the thread.
            logger.warning("Pruning is put off: %s", type(error).__name__)
