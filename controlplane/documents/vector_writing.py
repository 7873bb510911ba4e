"""Writes a document's vectors into the tables of PGVector, all of them or none, in place of earlier ones.

The tables are those of langchain-postgres, so that its clients read what is written here; that writes row by
row and could not do this in one transaction.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from django.conf import settings
from psycopg.types.json import Jsonb

from controlplane.documents.batches import Vector
from controlplane.documents.extraction.chunks import Chunk
from controlplane.documents.vectors import BOUNDS, CONNECT_SECONDS
from controlplane.errors import Conflict, Unavailable

# Two who make the tables at once would fail each other, also under IF NOT EXISTS.
TABLES_LOCK: Final = 0x7468_7264_7663
TABLES: Final = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    """CREATE TABLE IF NOT EXISTS langchain_pg_collection (
        uuid uuid PRIMARY KEY, name varchar NOT NULL UNIQUE, cmetadata json)""",
    """CREATE TABLE IF NOT EXISTS langchain_pg_embedding (
        id varchar PRIMARY KEY,
        collection_id uuid REFERENCES langchain_pg_collection (uuid) ON DELETE CASCADE,
        embedding vector, document varchar, cmetadata jsonb)""",
    """CREATE INDEX IF NOT EXISTS ix_cmetadata_gin ON langchain_pg_embedding
        USING gin (cmetadata jsonb_path_ops)""",
    # Its writers name their columns: one more is in nobody's way.
    """ALTER TABLE langchain_pg_embedding ADD COLUMN IF NOT EXISTS words tsvector GENERATED ALWAYS AS
        (to_tsvector('simple', coalesce(cmetadata->>'heading', '') || ' ' || document)) STORED""",
    """CREATE INDEX IF NOT EXISTS threadplane_embedding_of_collection
        ON langchain_pg_embedding (collection_id)""",
)
JOIN_COLLECTION: Final = """
    INSERT INTO langchain_pg_collection (uuid, name, cmetadata) VALUES (%s, %s, %s)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING uuid, cmetadata
"""
FORGET: Final = "DELETE FROM langchain_pg_embedding WHERE cmetadata @> %s"
COPY: Final = "COPY langchain_pg_embedding (id, collection_id, embedding, document, cmetadata) FROM STDIN"
MUST_MATCH: Final = ("user_id", "embedding_model", "dimensions")


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A collection's name, and what is true of every vector in it."""

    name: str
    described: Mapping[str, Any]


def chunk_id(document_id: uuid.UUID, place: int) -> str:
    """Return the id of a document's chunk; places count from 0."""
    return str(uuid.uuid5(document_id, str(place)))


def write_document(
    document_id: uuid.UUID,
    *,
    collection: Collection,
    metadata: Mapping[str, Any],
    chunks: Sequence[Chunk],
    made: Sequence[Vector],
) -> list[str]:
    """Write the chunks with their vectors, in one transaction of its own; returns their ids in order.

    Ids follow from document and place: a repeat writes the same rows. Raises Conflict
    `embedding_model_mismatch` for a collection of another model, and Unavailable.
    """
    ids = [chunk_id(document_id, chunk.index) for chunk in chunks]
    try:
        with psycopg.connect(_address(), connect_timeout=CONNECT_SECONDS, options=BOUNDS) as connection:
            _ensure_tables(connection)
            collection_id = _join(connection, collection)
            connection.execute(FORGET, [Jsonb({"document_id": str(document_id)})])
            with connection.cursor().copy(COPY) as copy:
                for row in _rows(ids, collection_id, metadata, chunks, made):
                    copy.write_row(row)
    except psycopg.Error as error:
        # Also of tables that somebody else made in another form: a claim must not be left to run out.
        raise Unavailable("The vectors cannot be written.", code="vectors_unavailable") from error
    return ids


def _address() -> str:
    address = settings.PGVECTOR_CONNECTION_STRING
    if not address:
        raise Conflict("There is no place for vectors.", code="vectors_not_configured")
    return str(address).replace("postgresql+psycopg://", "postgresql://", 1)


def _ensure_tables(connection: "psycopg.Connection[Any]") -> None:
    with connection.transaction():
        found = connection.execute("SELECT to_regclass('threadplane_embedding_of_collection')").fetchone()
        if found and found[0]:
            return
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [TABLES_LOCK])
        for statement in TABLES:
            connection.execute(statement)


def _join(connection: "psycopg.Connection[Any]", collection: Collection) -> uuid.UUID:
    described = Jsonb(dict(collection.described))
    found = connection.execute(JOIN_COLLECTION, [uuid.uuid4(), collection.name, described]).fetchone()
    assert found is not None  # noqa: S101  # an upsert returns its row
    collection_id, stands = found
    for name in MUST_MATCH:
        if stands.get(name) != collection.described[name]:
            raise Conflict(
                "The collection was made with another embedding model. Process its documents anew.",
                code="embedding_model_mismatch",
                details={"name": name, "collection": stands.get(name), "given": collection.described[name]},
            )
    return uuid.UUID(str(collection_id))


def _rows(
    ids: Sequence[str],
    collection_id: uuid.UUID,
    metadata: Mapping[str, Any],
    chunks: Sequence[Chunk],
    made: Sequence[Vector],
) -> Iterator[tuple[object, ...]]:
    for chunk_id, chunk, vector in zip(ids, chunks, made, strict=True):
        about = {**metadata, "chunk": chunk.index, "page": chunk.page, "heading": chunk.heading}
        said = {name: value for name, value in about.items() if value not in (None, "")}
        numbers = f"[{','.join(map(repr, vector))}]"
        yield chunk_id, collection_id, numbers, chunk.text, Jsonb(said)
