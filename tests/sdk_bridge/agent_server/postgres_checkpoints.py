"""Checkpoints that outlive the server, for the test that kills it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver


@asynccontextmanager
async def checkpointer() -> AsyncIterator[AsyncPostgresSaver]:
    async with AsyncPostgresSaver.from_conn_string(os.environ["PG_CHECKPOINT_URI"]) as saver:
        await saver.setup()
        yield saver
