"""Reads a thread's messages back from what was written, in a few queries however long the thread is.

The server's own reading asks for one checkpoint after the other, back to the last snapshot.
"""

from collections import OrderedDict
from dataclasses import dataclass
from operator import is_
from typing import Any

from langgraph.checkpoint.base import CheckpointTuple, DeltaChannelHistory, writes_sort_key
from langgraph.checkpoint.serde.base import SerializerProtocol

from graphs.message_channel import CHANNEL, NAME
from graphs.persistence.pool import Pool

# A turn writes a handful of checkpoints; what lies further back is read anew.
STEPS_BACK = 48
MOST_CHARACTERS = 32_000_000

# Step by step, each by its key: left to join, Postgres may read all that a long thread has.
WRITTEN_SINCE = """
    WITH RECURSIVE way AS (
        SELECT parent_checkpoint_id AS checkpoint_id, 1 AS depth FROM checkpoints
        WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s AND checkpoint_id = %(target)s
        UNION ALL
        SELECT step.parent_checkpoint_id, way.depth + 1 FROM way CROSS JOIN LATERAL (
            SELECT c.parent_checkpoint_id, c.checkpoint->'channel_values' ? %(channel)s AS is_snapshot
            FROM checkpoints c WHERE c.thread_id = %(thread)s AND c.checkpoint_ns = %(ns)s
              AND c.checkpoint_id = way.checkpoint_id LIMIT 1
        ) step
        WHERE way.checkpoint_id <> %(known)s AND way.depth < %(steps)s AND NOT step.is_snapshot
    )
    SELECT way.checkpoint_id, way.depth, w.task_path, w.task_id, w.idx, w.type, w.blob
    FROM way LEFT JOIN LATERAL (
        SELECT * FROM checkpoint_writes
        WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s AND checkpoint_id = way.checkpoint_id
          AND channel = %(channel)s OFFSET 0
    ) w ON true
"""


@dataclass(frozen=True)
class Known:
    """The messages at one checkpoint, which never change."""

    checkpoint_id: str
    messages: list[Any]
    characters: int


class KnownMessages:
    """The last read messages of some threads; bounded, and empty after a restart."""

    def __init__(self) -> None:
        """Know none."""
        self._known: OrderedDict[tuple[str, str], Known] = OrderedDict()
        self._characters = 0

    def get(self, thread_id: str, ns: str) -> Known | None:
        """Return what is known of a thread."""
        return self._known.get((thread_id, ns))

    def put(self, thread_id: str, ns: str, checkpoint_id: str, messages: list[Any]) -> None:
        """Remember the messages at a checkpoint, and forget the oldest that no longer fit."""
        before = self._known.get((thread_id, ns))
        characters = _characters_of(messages, before)
        self._drop((thread_id, ns))
        self._known[thread_id, ns] = Known(checkpoint_id, messages, characters)
        self._characters += characters
        while self._characters > MOST_CHARACTERS:
            self._drop(next(iter(self._known)))

    def forget(self, thread_id: str) -> None:
        """Forget a thread that is deleted."""
        for key in [key for key in self._known if key[0] == thread_id]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        dropped = self._known.pop(key, None)
        self._characters -= dropped.characters if dropped else 0


def needs_replay(entry: CheckpointTuple) -> bool:
    """Whether the messages of this checkpoint are spread over its ancestors' writes."""
    checkpoint = entry.checkpoint
    return (
        NAME in checkpoint["channel_versions"]
        and NAME not in checkpoint["channel_values"]
        and NAME in (entry.metadata.get("counters_since_delta_snapshot") or {})
    )


def replayed(history: DeltaChannelHistory) -> list[Any]:
    """Return the messages that a history adds up to."""
    channel = CHANNEL.copy()
    if "seed" in history:
        channel = channel.from_checkpoint(history["seed"])
    else:
        channel.value = []
    channel.replay_writes(history["writes"])
    return list(channel.value)


async def messages_since(
    known: Known, entry: CheckpointTuple, *, pool: Pool, serde: SerializerProtocol
) -> list[Any] | None:
    """Return a checkpoint's messages from those of an ancestor close by; None when it is none."""
    place = entry.config["configurable"]
    if known.checkpoint_id == place["checkpoint_id"]:
        return list(known.messages)
    names = {
        "thread": place["thread_id"],
        "ns": place["checkpoint_ns"],
        "target": place["checkpoint_id"],
        "known": known.checkpoint_id,
        "channel": NAME,
        "steps": STEPS_BACK,
    }
    async with pool.connection() as connection:
        rows = await (await connection.execute(WRITTEN_SINCE, names, binary=True)).fetchall()
    if not any(row["checkpoint_id"] == known.checkpoint_id for row in rows):
        return None
    rows = [row for row in rows if row["type"] is not None]
    rows.sort(key=lambda row: (-row["depth"], writes_sort_key(row["task_path"], row["task_id"], row["idx"])))
    writes = [(row["task_id"], NAME, serde.loads_typed((row["type"], row["blob"]))) for row in rows]
    return replayed({"seed": list(known.messages), "writes": writes})


def _characters_of(messages: list[Any], before: Known | None) -> int:
    """Count characters; of a thread that only grew, those of the new messages."""
    if before and len(before.messages) <= len(messages) and all(map(is_, before.messages, messages)):
        return before.characters + sum(_size(message) for message in messages[len(before.messages) :])
    return sum(_size(message) for message in messages)


def _size(message: Any) -> int:
    content = getattr(message, "content", message)
    return len(content) if isinstance(content, str) else len(str(content))
