"""The door to the vectors of documents, in tables that PGVector makes when the first ones are written.

A database without those tables, or none at all, holds no vectors.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from psycopg.types.json import Jsonb

from controlplane.errors import Unavailable

CONNECT_SECONDS = 3
BOUNDS = "-c statement_timeout=15000 -c lock_timeout=5000"
ROWS_PER_STATEMENT = 1_000

ERASE = """
    DELETE FROM langchain_pg_embedding WHERE id IN (
        SELECT id FROM langchain_pg_embedding
        WHERE cmetadata @> %(described)s OR id = ANY(%(ids)s) LIMIT %(most)s
    )
"""
FORGET_COLLECTION = """
    DELETE FROM langchain_pg_collection c WHERE c.name = %(name)s
    AND NOT EXISTS (SELECT FROM langchain_pg_embedding e WHERE e.collection_id = c.uuid)
"""


def erase_of_document(document_id: uuid.UUID, *, ids: Sequence[str] = ()) -> int:
    """Erase the vectors of one document, those with the noted ids among them; returns how many.

    Raises Unavailable.
    """
    return _erase({"document_id": str(document_id)}, ids)


def erase_of_user(user_id: uuid.UUID) -> int:
    """Erase all vectors that are described as a user's; returns how many. Raises Unavailable."""
    return _erase({"user_id": str(user_id)}, ())


def forget_empty_collection(name: str) -> None:
    """Drop a collection that holds nothing any more: its name and description can be a user's."""
    if name:
        with connected() as connection:
            if connection is not None:
                connection.execute(FORGET_COLLECTION, {"name": name})


def _erase(described: Mapping[str, str], ids: Sequence[str]) -> int:
    given = {"described": Jsonb(dict(described)), "ids": list(ids), "most": ROWS_PER_STATEMENT}
    erased = 0
    with connected() as connection:
        while connection is not None and (count := connection.execute(ERASE, given).rowcount):
            erased += count
    return erased


@contextmanager
def connected() -> Iterator["psycopg.Connection[Any] | None"]:
    """Connect, each statement its own transaction; None where there are no vectors. Raises Unavailable."""
    address = settings.PGVECTOR_CONNECTION_STRING
    if not address:
        yield None
        return
    plain = address.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(
            plain, autocommit=True, connect_timeout=CONNECT_SECONDS, options=BOUNDS
        ) as connection:
            has_tables = connection.execute("SELECT to_regclass('langchain_pg_embedding')").fetchone()
            yield connection if has_tables and has_tables[0] else None
    except psycopg.OperationalError as error:
        raise Unavailable("The vectors cannot be reached.", code="vectors_unavailable") from error
