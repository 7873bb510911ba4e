"""A search reads its owner's chunks alone and finds the nearest of them: the short form of `make scale`."""

from unittest.mock import patch

import numpy as np
import pytest
from psycopg import sql

from controlplane.documents import search
from tests.scale.chunk_questions import FILTERS, documents_make, find, recall
from tests.scale.many_chunks import Owner, fill, normalized

DIMENSIONS = 384
OWNERS = [Owner(number=number, chunks=200) for number in range(1, 41)]


@pytest.fixture
def base():
    return normalized(np.random.default_rng(7).standard_normal((300, DIMENSIONS), dtype=np.float32))


@pytest.fixture
def owner(db, vectors, base):
    fill(vectors, OWNERS, base=base)
    documents_make(OWNERS[4])
    return OWNERS[4]


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def test_only_the_owners_chunks_are_read_and_none_of_the_nearest_is_missed(owner, vectors, base):
    for name, filters in FILTERS.items():
        with patch.object(search, "_statement", wraps=search._statement) as made:
            find(owner, text="Which operator binds names?", vector=base[0], filters=filters)
        statement = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + search._statement(*made.call_args.args)
        explained = vectors.execute(statement).fetchone()[0]
        plan = explained[0]["Plan"]
        used = {node.get("Index Name") for node in nodes(plan)}
        read = [
            node for node in nodes(plan) if node.get("Index Name") == "threadplane_embedding_of_collection"
        ]
        scans = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}

        assert "threadplane_embedding_of_collection" in used, name
        assert "ix_cmetadata_gin" not in used, name
        assert "langchain_pg_embedding" not in scans, name
        assert [node["Actual Rows"] for node in read] == [owner.chunks], name

    assert recall(owner, vectors=base[:5], base=base) == dict.fromkeys(FILTERS, 1.0)
