"""The store that the Agent Server keeps long-lived items in: users' own, and usage records."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.store.postgres.aio import AsyncPostgresStore

from graphs.persistence.pool import open_pool, setup_turn


@asynccontextmanager
async def store() -> AsyncIterator[AsyncPostgresStore]:
    """Open the store, with its tables in place; the server enters this once for each event loop."""
    async with open_pool("store") as pool:
        async with setup_turn(pool):
            await AsyncPostgresStore(pool).setup()
        async with AsyncPostgresStore(pool) as opened:
            yield opened
