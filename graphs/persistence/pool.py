"""Connections to the Postgres of checkpoints and store, and a turn-taking for setting its tables up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from graphs.settings import read_settings

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]

CONNECT_SECONDS = 10.0
SETUP_LOCK = 0x7468_7264_706C
SETUP_POLL_SECONDS = 0.2
SETUP_SECONDS = 60.0


@asynccontextmanager
async def open_pool(purpose: str) -> AsyncIterator[Pool]:
    """Open a pool for as long as the context lasts.

    Raises RuntimeError without `PG_CHECKPOINT_URI`, and psycopg's PoolTimeout when nobody answers in time.
    """
    uri = read_settings().pg_checkpoint_uri
    if uri is None:
        raise RuntimeError("PG_CHECKPOINT_URI is not set: checkpoints and the store need a Postgres database")
    options: dict[str, Any] = {
        "autocommit": True,
        "prepare_threshold": 0,
        "row_factory": dict_row,
        "application_name": f"threadplane-{purpose}",
        "connect_timeout": round(CONNECT_SECONDS),
    }
    pool: Pool = AsyncConnectionPool(
        uri.get_secret_value(),
        min_size=1,
        max_size=read_settings().pg_checkpoint_pool_size,
        kwargs=options,
        check=AsyncConnectionPool.check_connection,
        name=purpose,
        open=False,
    )
    await pool.open(wait=True, timeout=CONNECT_SECONDS)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def setup_turn(pool: Pool) -> AsyncIterator[None]:
    """Let one process at a time set tables up; raises TimeoutError after a minute of waiting.

    It polls: a session that waits for the lock inside Postgres would block CREATE INDEX CONCURRENTLY of the
    one that holds it, and the two would deadlock.
    """
    async with pool.connection() as connection:
        async with asyncio.timeout(SETUP_SECONDS):
            while not await _try_lock(connection):  # noqa: ASYNC110  # the lock is another process's to free
                await asyncio.sleep(SETUP_POLL_SECONDS)
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (SETUP_LOCK,))


async def _try_lock(connection: AsyncConnection[DictRow]) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS locked", (SETUP_LOCK,))
    row = await cursor.fetchone()
    return bool(row and row["locked"])
