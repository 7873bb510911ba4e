"""The stock store, which takes the vectors that runs have paid for and makes none itself."""

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from langgraph.store.base import Op, PutOp, Result, SearchOp
from langgraph.store.postgres import AsyncPostgresStore

from graphs.store_places import is_of_memories
from graphs.vector_desk import DESK, Vector

FIELD = "text"

_batch: ContextVar[Mapping[str, Vector]] = ContextVar("vectors_of_batch")


async def batch_vectors(texts: Sequence[str]) -> list[list[float]]:
    """Give the vectors of the batch that is being worked on: the store's own way of embedding."""
    known = _batch.get()
    return [list(known[text]) for text in texts]


class VectorStore(AsyncPostgresStore):
    """Items are kept with a vector where a run has handed one over, and found by it there.

    Others' operations are in the same batch: one without a vector must not fail theirs.
    """

    # Without the index over everybody's: a user's few are compared one by one, which misses none.
    VECTOR_MIGRATIONS = AsyncPostgresStore.VECTOR_MIGRATIONS[:2]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Work on what has gathered, of all callers."""
        known = DESK.snapshot()
        token = _batch.set(known)
        try:
            return await super().abatch([_payable(op, known) for op in ops])
        finally:
            _batch.reset(token)


def _payable(op: Op, known: Mapping[str, Vector]) -> Op:
    if isinstance(op, PutOp) and op.value is not None:
        return op._replace(index=[FIELD] if _has_vector(op.namespace, op.value, known) else False)
    if isinstance(op, SearchOp) and op.query is not None and op.query not in known:
        return op._replace(query=None)
    return op


def _has_vector(namespace: tuple[str, ...], value: Mapping[str, Any], known: Mapping[str, Vector]) -> bool:
    text = value.get(FIELD)
    return is_of_memories(namespace) and isinstance(text, str) and text in known
