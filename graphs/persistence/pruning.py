"""Takes the inner steps out of turns that are long over; what a branch can start from stays.

A turn leaves its first checkpoint, which a branch starts from, and its last. What the steps between them
wrote moves to the first one. Whoever branches off a checkpoint that already has messages written to it gets
a snapshot of its own from LangGraph, so nothing is ever moved to a checkpoint that has none.
"""

from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from graphs.message_channel import NAME
from graphs.persistence.compact import CompactSerializer
from graphs.persistence.pool import Pool

# Turns that one transaction shortens: a run that starts meanwhile waits for its end.
MOST_TURNS = 50

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(thread)s, 0))"
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%(thread)s, 0))"
SPACES = "SELECT DISTINCT checkpoint_ns FROM checkpoints WHERE thread_id = %(thread)s"
STEPS = """
    SELECT c.checkpoint_id, c.parent_checkpoint_id, c.metadata->>'source' AS source,
           c.metadata->>'run_id' AS run_id, c.checkpoint->'channel_values' ? %(channel)s AS has_snapshot,
           (c.checkpoint->>'ts')::timestamptz < now() - make_interval(secs => %(age)s) AS is_old,
           COALESCE(bool_or(w.channel = %(channel)s), false) AS has_messages,
           COALESCE(bool_or(w.channel IN ('__interrupt__', '__resume__', '__error__')), false) AS is_special
    FROM checkpoints c LEFT JOIN checkpoint_writes w USING (thread_id, checkpoint_ns, checkpoint_id)
    WHERE c.thread_id = %(thread)s AND c.checkpoint_ns = %(ns)s
    GROUP BY c.thread_id, c.checkpoint_ns, c.checkpoint_id ORDER BY c.checkpoint_id
"""
WRITES = """
    SELECT checkpoint_id, task_id, idx, task_path, type, blob FROM checkpoint_writes
    WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s AND channel = %(channel)s
      AND checkpoint_id = ANY(%(steps)s)
    ORDER BY task_path COLLATE "C", task_id COLLATE "C", idx
"""
DELETE_WRITES = """
    DELETE FROM checkpoint_writes WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s
      AND (checkpoint_id = ANY(%(steps)s)
           OR (checkpoint_id = %(first)s AND (channel = %(channel)s OR channel LIKE 'branch:%%')))
"""
INSERT_WRITE = """
    INSERT INTO checkpoint_writes
        (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
    VALUES
        (%(thread)s, %(ns)s, %(first)s, %(task_id)s, %(task_path)s, %(idx)s, %(channel)s, %(type)s, %(blob)s)
"""
MOVE_LAST = """
    UPDATE checkpoints SET parent_checkpoint_id = %(first)s
    WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s AND checkpoint_id = %(last)s
"""
NOTE_STEPS = """
    UPDATE checkpoints SET metadata = jsonb_set(
        metadata, '{pruned_steps}', COALESCE(metadata->'pruned_steps', '[]') || to_jsonb(%(steps)s::text[]))
    WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s AND checkpoint_id = %(first)s
"""
DELETE_STEPS = """
    WITH gone AS (
        DELETE FROM checkpoints WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s
          AND checkpoint_id = ANY(%(steps)s)
        RETURNING checkpoint->'channel_versions' AS versions
    ), freed AS (
        SELECT DISTINCT v.key, v.value FROM gone CROSS JOIN LATERAL jsonb_each_text(gone.versions) v
    )
    DELETE FROM checkpoint_blobs b USING freed
    WHERE b.thread_id = %(thread)s AND b.checkpoint_ns = %(ns)s
      AND b.channel = freed.key AND b.version = freed.value
      AND NOT EXISTS (
          SELECT 1 FROM checkpoints c WHERE c.thread_id = b.thread_id AND c.checkpoint_ns = b.checkpoint_ns
            AND c.checkpoint_id <> ALL(%(steps)s) AND c.checkpoint->'channel_versions'->>b.channel = b.version
      )
"""
SURVIVOR = """
    SELECT checkpoint_id FROM checkpoints
    WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s AND metadata->'pruned_steps' ? %(step)s
"""
PARENT_IS_GONE = """
    SELECT 1 FROM checkpoints c WHERE c.thread_id = %(thread)s AND c.checkpoint_ns = %(ns)s
      AND c.checkpoint_id = %(child)s AND c.parent_checkpoint_id IS NOT NULL
      AND NOT EXISTS (
          SELECT 1 FROM checkpoints p WHERE p.thread_id = c.thread_id AND p.checkpoint_ns = c.checkpoint_ns
            AND p.checkpoint_id = c.parent_checkpoint_id)
      AND EXISTS (
          SELECT 1 FROM checkpoints p WHERE p.thread_id = c.thread_id AND p.checkpoint_ns = c.checkpoint_ns
            AND p.metadata->'pruned_steps' ? c.parent_checkpoint_id)
"""
DELETE_BRANCH = """
    DELETE FROM checkpoints
    WHERE thread_id = %(thread)s AND checkpoint_ns = %(ns)s AND checkpoint_id = %(child)s
"""


class CheckpointGone(RuntimeError):
    """Raised when a branch starts from a step that is pruned at the same moment; read it again."""


@dataclass
class Step:
    """A checkpoint as far as pruning looks at it."""

    id: str
    parent: str | None
    run_id: str | None
    is_loop: bool
    is_old: bool
    is_pinned: bool
    has_messages: bool
    children: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Turn:
    """The first checkpoint of a run of steps, those between, in order, and the last."""

    first: str
    between: list[str]
    last: str


async def prune_thread(connection: AsyncConnection[DictRow], thread_id: str, *, age_seconds: float) -> bool:
    """Prune one thread within the caller's transaction; returns whether nothing is left to do."""
    await connection.execute(LOCK, {"thread": thread_id})
    spaces = await (await connection.execute(SPACES, {"thread": thread_id})).fetchall()
    is_done = True
    for space in spaces:
        names = {"thread": thread_id, "ns": space["checkpoint_ns"], "channel": NAME}
        rows = await (await connection.execute(STEPS, {**names, "age": age_seconds})).fetchall()
        turns = turns_to_shorten(_steps(rows))
        for turn in turns[:MOST_TURNS]:
            await _shorten(connection, names, turn)
        is_done = is_done and len(turns) <= MOST_TURNS and all(row["is_old"] for row in rows)
    return is_done


def turns_to_shorten(steps: dict[str, Step]) -> list[Turn]:
    """Find the chains of inner steps; `steps` come oldest first."""
    turns, done = [], set()
    for step in steps.values():
        if step.id in done:
            continue
        turn = _turn_from(step, steps)
        if turn.between:
            done.update(turn.between)
            turns.append(turn)
    return turns


def _turn_from(first: Step, steps: dict[str, Step]) -> Turn:
    between: list[str] = []
    last = first
    while len(last.children) == 1:
        following = steps[last.children[0]]
        is_inner = _is_inner(following, steps) and following.run_id == first.run_id
        if not is_inner or (following.has_messages and not first.has_messages):
            break
        between.append(following.id)
        last = following
    return Turn(first.id, between, last.children[0] if between else "")


def _is_inner(step: Step, steps: dict[str, Step]) -> bool:
    """Whether nobody needs this step: it is old, alone between two of its run, and nothing waits in it."""
    if not step.is_loop or not step.is_old or step.is_pinned or len(step.children) != 1:
        return False
    following = steps[step.children[0]]
    return step.run_id is not None and following.run_id == step.run_id and following.is_old


def _steps(rows: list[DictRow]) -> dict[str, Step]:
    steps = {
        row["checkpoint_id"]: Step(
            id=row["checkpoint_id"],
            parent=row["parent_checkpoint_id"],
            run_id=row["run_id"],
            is_loop=row["source"] == "loop",
            is_old=row["is_old"],
            is_pinned=row["has_snapshot"] or row["is_special"],
            has_messages=row["has_messages"],
        )
        for row in rows
    }
    for step in steps.values():
        if step.parent in steps:
            steps[step.parent].children.append(step.id)
    return steps


async def _shorten(connection: AsyncConnection[DictRow], names: dict[str, Any], turn: Turn) -> None:
    names = {**names, "first": turn.first, "last": turn.last, "steps": turn.between}
    order = [turn.first, *turn.between]
    rows = await (await connection.execute(WRITES, {**names, "steps": order}, binary=True)).fetchall()
    rows.sort(key=lambda row: order.index(row["checkpoint_id"]))
    await connection.execute(DELETE_WRITES, names)
    for write in _merged(rows):
        await connection.execute(INSERT_WRITE, {**names, **write})
    await connection.execute(MOVE_LAST, names)
    await connection.execute(NOTE_STEPS, names)
    await connection.execute(DELETE_STEPS, names)


def _merged(rows: list[DictRow]) -> list[dict[str, Any]]:
    """Make one write of many; those that are more than messages stay single, in their order."""
    if not rows:
        return []
    serde = CompactSerializer()
    values = [serde.loads_typed((row["type"], row["blob"])) for row in rows]
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if all(isinstance(item, BaseMessage) for item in flat):
        kind, blob = serde.dumps_compressed(flat)
        return [{**_place(rows[-1], 0), "type": kind, "blob": blob}]
    return [
        {**_place(row, place), "type": row["type"], "blob": row["blob"]} for place, row in enumerate(rows)
    ]


def _place(row: DictRow, place: int) -> dict[str, Any]:
    # Sorted by path first: what was moved here comes after what was here.
    path = row["task_path"] if place == 0 else f"~~{place:06d}"
    return {"task_id": row["task_id"], "idx": row["idx"], "task_path": path}


async def surviving_checkpoint(pool: Pool, place: dict[str, Any]) -> str | None:
    """Return the checkpoint that a pruned step went into."""
    if not place.get("checkpoint_id"):
        return None
    names = {
        "thread": str(place["thread_id"]),
        "ns": place.get("checkpoint_ns", ""),
        "step": str(place["checkpoint_id"]),
    }
    async with pool.connection() as connection:
        row = await (await connection.execute(SURVIVOR, names)).fetchone()
    return row["checkpoint_id"] if row else None


async def branch_check(pool: Pool, place: dict[str, Any]) -> None:
    """Raise CheckpointGone, with nothing left, if a new checkpoint's parent was pruned since it was read."""
    names = {
        "thread": str(place["thread_id"]),
        "ns": place.get("checkpoint_ns", ""),
        "child": place["checkpoint_id"],
    }
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(LOCK_SHARED, names)
        if await (await connection.execute(PARENT_IS_GONE, names)).fetchone() is None:
            return
        await connection.execute(DELETE_BRANCH, names)
    raise CheckpointGone("The checkpoint was pruned at this moment. Read the history again.")
