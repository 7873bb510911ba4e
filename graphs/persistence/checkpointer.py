"""Checkpoints in Postgres, with the two verbs of the server's that the stock saver lacks."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from graphs.null_characters import holds_null
from graphs.persistence.open_checkpointers import known_as_open
from graphs.persistence.pool import Pool, open_pool, setup_turn

# How many runs that were rolled back are remembered; what comes late comes within seconds.
REMEMBERED_RUNS = 1000

DELETE_WRITES = """
    DELETE FROM checkpoint_writes w USING checkpoints c
    WHERE c.metadata->>'run_id' = ANY(%(runs)s) AND w.thread_id = c.thread_id
      AND w.checkpoint_ns = c.checkpoint_ns AND w.checkpoint_id = c.checkpoint_id
"""
DELETE_CHECKPOINTS = """
    DELETE FROM checkpoints WHERE metadata->>'run_id' = ANY(%(runs)s) RETURNING thread_id
"""
DELETE_ORPHANED_BLOBS = """
    DELETE FROM checkpoint_blobs b WHERE b.thread_id = ANY(%(threads)s) AND NOT EXISTS (
        SELECT 1 FROM checkpoints c
        WHERE c.thread_id = b.thread_id AND c.checkpoint_ns = b.checkpoint_ns
          AND c.checkpoint->'channel_versions'->>b.channel = b.version
    )
"""
COPY_THREAD = (
    """
    INSERT INTO checkpoints
        (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
    SELECT %(target)s, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint,
           CASE WHEN metadata ? 'thread_id'
                THEN jsonb_set(metadata, '{thread_id}', to_jsonb(%(target)s::text)) ELSE metadata END
    FROM checkpoints WHERE thread_id = %(source)s ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    SELECT %(target)s, checkpoint_ns, channel, version, type, blob
    FROM checkpoint_blobs WHERE thread_id = %(source)s ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO checkpoint_writes
        (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path)
    SELECT %(target)s, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path
    FROM checkpoint_writes WHERE thread_id = %(source)s ON CONFLICT DO NOTHING
    """,
)
MOST_CHECKPOINTS = 1_000_000


class Checkpointer(AsyncPostgresSaver):
    """The stock saver, plus rolling a run back and copying a thread, each in one transaction."""

    def __init__(self, pool: Pool) -> None:
        """Share the pool with the stock saver."""
        super().__init__(pool)
        self._pool = pool
        self._rolled_back: deque[str] = deque(maxlen=REMEMBERED_RUNS)
        self._unsaved: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read one; raises ValueError, the client's fault to the server, for what Postgres would fail on."""
        _check_place(config)
        return await super().aget_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002  # the stock saver's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """List them; raises ValueError as above."""
        for place in (config, before):
            _check_place(place)
        if holds_null(filter) or not 0 <= (limit or 0) <= MOST_CHECKPOINTS:
            raise ValueError("The filter or the limit is out of range.")
        async for entry in super().alist(config, filter=filter, before=before, limit=limit):
            yield entry

    async def adelete_for_runs(self, run_ids: Iterable[str]) -> None:
        """Delete what these runs wrote; without it a rolled-back run leaves its state behind."""
        runs = [str(run_id) for run_id in run_ids]
        self._rolled_back.extend(runs)
        await self._nothing_unsaved(runs)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(DELETE_WRITES, {"runs": runs})
            cursor = await connection.execute(DELETE_CHECKPOINTS, {"runs": runs})
            threads = list({row["thread_id"] for row in await cursor.fetchall()})
            await connection.execute(DELETE_ORPHANED_BLOBS, {"threads": threads})

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote, unless its run was rolled back.

        A cancelled model node first leaves the record of its call, and how it ended is saved during or after
        the rollback, on the event loop that both share.
        """
        run = str(config.get("metadata", {}).get("run_id"))
        if run in self._rolled_back:
            return
        with self._saving(run):
            await super().aput_writes(config, writes, task_id, task_path)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy a thread's whole history; repeating it changes nothing."""
        names = {"source": str(source_thread_id), "target": str(target_thread_id)}
        async with self._pool.connection() as connection, connection.transaction():
            for statement in COPY_THREAD:
                await connection.execute(statement, names)

    @contextmanager
    def _saving(self, run: str) -> Iterator[None]:
        saved = asyncio.get_running_loop().create_future()
        self._unsaved[run].add(saved)
        try:
            yield
        finally:
            saved.set_result(None)
            self._unsaved[run].discard(saved)
            if not self._unsaved[run]:
                del self._unsaved[run]

    async def _nothing_unsaved(self, runs: Iterable[str]) -> None:
        """Wait for what these runs are just saving: a deletion in the middle of it would leave it behind."""
        under_way = [saved for run in runs for saved in self._unsaved.get(run, ())]
        if under_way:
            await asyncio.wait(under_way)


def _check_place(config: Mapping[str, Any] | None) -> None:
    place = (config or {}).get("configurable") or {}
    if holds_null([place.get(name) for name in ("thread_id", "checkpoint_ns", "checkpoint_id")]):
        raise ValueError("A checkpoint's id holds no null characters.")


@asynccontextmanager
async def checkpointer() -> AsyncIterator[Checkpointer]:
    """Open the checkpointer, with its tables in place; the server enters this once for each event loop."""
    async with open_pool("checkpoints") as pool:
        opened = Checkpointer(pool)
        async with setup_turn(pool):
            await opened.setup()
        with known_as_open(opened):
            yield opened
