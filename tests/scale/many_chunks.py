"""Fills PGVector's tables with many users' chunks: vectors of real sentences, moved by a seeded noise."""

import json
import re
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pydoc_data.topics import topics
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from controlplane.documents.collections import user_collection
from controlplane.documents.vector_writing import TABLES
from tests.controlplane.documents.house_embedder import embedder

Vectors = NDArray[np.float32]

CHUNKS_PER_DOCUMENT: Final = 50
CATEGORIES: Final = ("research", "letters", "manuals", "notes")
TAGS: Final = 20
# Moves a vector so far that its cosine with the sentence's own is about 0.9.
NOISE: Final = 0.5
SPACE: Final = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
COPY: Final = (
    "COPY langchain_pg_embedding (id, collection_id, embedding, document, cmetadata)"
    " FROM STDIN (FORMAT binary)"
)
SECONDARY: Final = {
    "ix_cmetadata_gin": "gin (cmetadata jsonb_path_ops)",
    "threadplane_embedding_of_collection": "btree (collection_id)",
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A user by number, with so many chunks in their one collection."""

    number: int
    chunks: int

    @property
    def id(self) -> uuid.UUID:
        """The same in every run."""
        return uuid.uuid5(SPACE, f"owner {self.number}")

    def document(self, chunk: int) -> uuid.UUID:
        """Name the document that a chunk is of."""
        return uuid.uuid5(self.id, f"document {chunk // CHUNKS_PER_DOCUMENT}")

    @property
    def documents(self) -> list[uuid.UUID]:
        """All of them, in order."""
        return [self.document(first) for first in range(0, self.chunks, CHUNKS_PER_DOCUMENT)]


@cache
def sentences(count: int) -> list[str]:
    """Take sentences of the Python manual, which is on every machine that has Python."""
    found = re.split(r"(?<=[.!?])\s+", " ".join(topics[name] for name in sorted(topics)))
    fitting = dict.fromkeys(" ".join(one.split()) for one in found if 40 < len(one) < 300)
    return list(fitting)[:count]


@cache
def embedded(count: int) -> Vectors:
    """Give the sentences' own vectors, of length 1."""
    made = [embedder().embed(embedder().token_ids(text)).vector for text in sentences(count)]
    return normalized(np.asarray(made, dtype=np.float32))


def normalized(vectors: Vectors) -> Vectors:
    """Bring each to length 1."""
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def chunks_of(owner: Owner, base: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """Draw an owner's sentences and their moved vectors, the same ones whenever it is asked."""
    drawn = np.random.default_rng(owner.number)
    which = drawn.integers(0, len(base), owner.chunks)
    noise = drawn.standard_normal((owner.chunks, base.shape[1]), dtype=np.float32)
    return which, normalized(base[which] + noise * np.float32(NOISE / base.shape[1] ** 0.5))


def category_of(chunk: int) -> str:
    """Name a chunk's category: a quarter of the documents have each."""
    return CATEGORIES[chunk // CHUNKS_PER_DOCUMENT % len(CATEGORIES)]


def tag_of(chunk: int) -> str:
    """Name a chunk's tag: a twentieth of the documents have each."""
    return f"tag-{chunk // CHUNKS_PER_DOCUMENT % TAGS}"


def fill(connection: "psycopg.Connection[Any]", owners: list[Owner], *, base: Vectors) -> None:
    """Write all chunks into new tables; documents of all owners lie mixed, as years of uploads leave them."""
    for statement in TABLES:
        connection.execute(statement)
    for name in SECONDARY:
        connection.execute(f"DROP INDEX {name}")
    collections = {owner.number: _collection(connection, owner) for owner in owners}
    with connection.cursor().copy(COPY) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
        for owner, rows in _mixed(owners, base):
            copy.write(b"".join(_row(owner, collections[owner.number], *row) for row in rows))
        copy.write(struct.pack(">h", -1))
    connection.execute("SET maintenance_work_mem = '1GB'")
    for name, how in SECONDARY.items():
        connection.execute(f"CREATE INDEX {name} ON langchain_pg_embedding USING {how}")
    connection.execute("VACUUM (ANALYZE) langchain_pg_embedding")
    connection.execute("VACUUM (ANALYZE) langchain_pg_collection")


def _collection(connection: "psycopg.Connection[Any]", owner: Owner) -> uuid.UUID:
    collection_id = uuid.uuid5(owner.id, "collection")
    connection.execute(
        "INSERT INTO langchain_pg_collection VALUES (%s, %s, %s)",
        [collection_id, user_collection(owner.id), json.dumps({"user_id": str(owner.id)})],
    )
    return collection_id


Row = tuple[int, str, Vectors]


def _mixed(owners: list[Owner], base: Vectors) -> Iterator[tuple[Owner, list[Row]]]:
    """A hundred owners' documents in turn; more of them at once would not fit into memory."""
    for first in range(0, len(owners), 100):
        some = owners[first : first + 100]
        drawn = {owner.number: chunks_of(owner, base) for owner in some}
        for start in range(0, max(owner.chunks for owner in some), CHUNKS_PER_DOCUMENT):
            for owner in some:
                which, vectors = drawn[owner.number]
                last = min(start + CHUNKS_PER_DOCUMENT, owner.chunks)
                texts = sentences(len(base))
                yield owner, [(chunk, texts[which[chunk]], vectors[chunk]) for chunk in range(start, last)]


def _row(owner: Owner, collection: uuid.UUID, chunk: int, text: str, vector: Vectors) -> bytes:
    document = owner.document(chunk)
    about = {
        "user_id": str(owner.id),
        "document_id": str(document),
        "category": category_of(chunk),
        "tags": [tag_of(chunk)],
        "file_name": f"{document}.txt",
        "chunk": chunk % CHUNKS_PER_DOCUMENT,
        "uploaded_at": "2026-03-01T10:00:00+00:00",
    }
    numbers = struct.pack(">hh", len(vector), 0) + vector.astype(">f4").tobytes()
    fields = (
        f"{owner.number}-{chunk}".encode(),
        collection.bytes,
        numbers,
        text.encode(),
        b"\x01" + json.dumps(about).encode(),
    )
    return struct.pack(">h", len(fields)) + b"".join(struct.pack(">i", len(one)) + one for one in fields)
