"""Checkpoints in Postgres, with the two verbs of the server's that the stock saver lacks."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from graphs.message_channel import NAME as MESSAGES
from graphs.null_characters import holds_null
from graphs.persistence.compact import (
    CompactSerializer,
    Rebuilt,
    metadata_to_keep,
    place_only,
    server_form,
    stored_form,
    unpadded,
)
from graphs.persistence.open_checkpointers import known_as_open
from graphs.persistence.pool import Pool, open_pool, setup_turn
from graphs.persistence.pruning import branch_check, surviving_checkpoint
from graphs.persistence.pruning_queue import pruning, queue_setup, thread_forget, thread_queue
from graphs.persistence.replay import KnownMessages, messages_since, needs_replay, replayed

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
    """The stock saver, smaller and quicker, plus rolling a run back and copying a thread.

    What it reads holds the messages in full; what it stores are only those that were added.
    """

    def __init__(self, pool: Pool) -> None:
        """Share the pool with the stock saver."""
        super().__init__(pool, serde=CompactSerializer())
        self._pool = pool
        self._messages = KnownMessages()
        self._rolled_back: deque[str] = deque(maxlen=REMEMBERED_RUNS)
        self._unsaved: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read one; raises ValueError, the client's fault to the server, for what Postgres would fail on.

        The id of a step that was pruned gives the beginning of its turn.
        """
        _check_place(config)
        entry = await super().aget_tuple(config)
        if entry is None and (kept := await surviving_checkpoint(self._pool, config["configurable"])):
            place = {**config["configurable"], "checkpoint_id": kept}
            entry = await super().aget_tuple({"configurable": place})
        return await self._whole(entry) if entry else None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002  # the stock saver's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """List them; raises ValueError as above."""
        if before is not None and "configurable" not in before:
            # The server hands a client's checkpoint on as it came.
            before = {"configurable": {**before}}
        for place in (config, before):
            _check_place(place)
        if holds_null(filter) or not 0 <= (limit or 0) <= MOST_CHECKPOINTS:
            raise ValueError("The filter or the limit is out of range.")
        entries = [entry async for entry in super().alist(config, filter=filter, before=before, limit=limit)]
        # The oldest first: each is read from the one before.
        whole = [await self._whole(entry) for entry in reversed(entries)]
        for entry in reversed(whole):
            yield entry

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save one; raises CheckpointGone when it branches off a step that is being pruned."""
        saved = await super().aput(
            place_only(config),
            stored_form(checkpoint),
            metadata_to_keep(config, metadata),
            {name: unpadded(version) for name, version in new_versions.items()},
        )
        if metadata.get("source") != "loop":
            await branch_check(self._pool, saved["configurable"])
            await thread_queue(self._pool, saved["configurable"]["thread_id"])
        return saved

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
        for thread_id in threads:
            self._messages.forget(thread_id)

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all of a thread."""
        await super().adelete_thread(thread_id)
        await thread_forget(self._pool, str(thread_id))
        self._messages.forget(str(thread_id))

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
        await thread_queue(self._pool, names["target"])

    async def _whole(self, entry: CheckpointTuple) -> CheckpointTuple:
        """Put the messages in, so that nobody has to walk back for them."""
        checkpoint = server_form(entry.checkpoint)
        entry = entry._replace(checkpoint=checkpoint)
        if not needs_replay(entry):
            return entry
        place = entry.config["configurable"]
        thread_id, ns = place["thread_id"], place["checkpoint_ns"]
        known = self._messages.get(thread_id, ns)
        messages = await messages_since(known, entry, pool=self._pool, serde=self.serde) if known else None
        if messages is None:
            history = await self.aget_delta_channel_history(config=entry.config, channels=[MESSAGES])
            messages = replayed(history[MESSAGES])
        if known is None or known.checkpoint_id != place["checkpoint_id"]:
            self._messages.put(thread_id, ns, place["checkpoint_id"], messages)
        values = {**checkpoint["channel_values"], MESSAGES: Rebuilt(list(messages))}
        return entry._replace(checkpoint={**checkpoint, "channel_values": values})

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
            await queue_setup(pool)
        async with pruning(pool):
            with known_as_open(opened):
                yield opened
