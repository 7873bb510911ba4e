"""Finds out whether the store's database can keep vectors, and of what length."""

import psycopg
import structlog
from langgraph.store.postgres.base import PostgresIndexConfig

from graphs.persistence.pool import Pool
from graphs.persistence.vector_store import FIELD, batch_vectors
from graphs.settings import read_settings

EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector"
# The length of a column's vectors is the modifier of its type.
KEPT_LENGTH = """
    SELECT atttypmod AS length FROM pg_attribute
    WHERE attrelid = to_regclass('store_vectors') AND attname = 'embedding'
"""

logger = structlog.get_logger(__name__)


async def vector_index(pool: Pool) -> PostgresIndexConfig | None:
    """Describe the index of the store's vectors; None where its database cannot have the extension.

    The length of the vectors is fixed when the first store is set up. To change it, see
    docs/decisions/0035-memory.md.
    """
    async with pool.connection() as connection:
        try:
            await connection.execute(EXTENSION)
        except psycopg.Error as error:
            # Not there, or not ours to install: a server without a memory is still a server.
            logger.warning("memory_without_vectors", reason=type(error).__name__)
            return None
        row = await (await connection.execute(KEPT_LENGTH)).fetchone()
    wanted = read_settings().embedding_dimensions
    length: int = row["length"] if row else wanted
    if length != wanted:
        logger.error("memory_of_another_length", kept=length, wanted=wanted)
    return PostgresIndexConfig(dims=length, embed=batch_vectors, fields=[FIELD])
