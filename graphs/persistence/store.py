"""The store that the Agent Server keeps long-lived items in: users' own, and usage records."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graphs.persistence.pool import open_pool, setup_turn
from graphs.persistence.vector_setup import vector_index
from graphs.persistence.vector_store import VectorStore
from graphs.vector_desk import DESK


@asynccontextmanager
async def store() -> AsyncIterator[VectorStore]:
    """Open the store, with its tables in place; the server enters this once for each event loop.

    Where the database can keep no vectors it opens without them, and nobody is offered a memory.
    """
    async with open_pool("store") as pool:
        async with setup_turn(pool):
            index = await vector_index(pool)
            await VectorStore(pool, index=index).setup()
        DESK.dimensions = index["dims"] if index else None
        opened = VectorStore(pool, index=index)
        async with opened:
            yield opened
