"""Measures what an index of nearest neighbours would give the user with the largest collection."""

import time
import uuid
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from tests.scale.chunk_questions import BEST
from tests.scale.many_chunks import TAGS, Owner, Vectors, chunks_of, tag_of

DISTANCE: Final = "(embedding::vector(384)) <=> %s::vector(384)"
NEAREST: Final = "SELECT id FROM langchain_pg_embedding WHERE collection_id = '{}' {} ORDER BY {} LIMIT 60"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """How long HNSW takes to make, how large it is, and what it then gives with and without a rare tag."""

    seconds: float
    megabytes: float
    p95: dict[str, float]
    recall: dict[str, float]


def graph_measure(address: str, owner: Owner, *, asked: Vectors, base: Vectors) -> Graph:
    """Make the index for one collection alone and ask it for the candidates of a search."""
    collection = uuid.uuid5(owner.id, "collection")
    _, mine = chunks_of(owner, base)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        began = time.monotonic()
        connection.execute(
            "CREATE INDEX nearest ON langchain_pg_embedding"
            " USING hnsw ((embedding::vector(384)) vector_cosine_ops)"
            f" WHERE collection_id = '{collection}'"
        )
        seconds = time.monotonic() - began
        (size,) = connection.execute("SELECT pg_relation_size('nearest')").fetchone() or (0,)
        connection.execute("SET hnsw.iterative_scan = strict_order")
        connection.execute("SET hnsw.ef_search = 100")
        slow, right = {}, {}
        for name, condition, fits in (
            ("no filter", "", np.ones(owner.chunks, dtype=bool)),
            (
                "a tag",
                f"AND jsonb_exists_any(cmetadata->'tags', ARRAY['{tag_of(0)}'])",
                np.arange(owner.chunks) // 50 % TAGS == 0,
            ),
        ):
            statement = NEAREST.format(collection, condition, DISTANCE)
            times, hits = [], 0
            for vector in asked:
                began = time.perf_counter()
                rows = connection.execute(statement, [str(vector.tolist())]).fetchall()
                times.append((time.perf_counter() - began) * 1000)
                nearest = np.argsort(-np.where(fits, mine @ vector, -2.0))[:BEST]
                exact = {f"{owner.number}-{chunk}" for chunk in nearest}
                hits += len(exact & {row[0] for row in rows[:BEST]})
            slow[name] = float(np.percentile(times, 95))
            right[name] = hits / (BEST * len(asked))
    return Graph(seconds=seconds, megabytes=size / 1e6, p95=slow, recall=right)
