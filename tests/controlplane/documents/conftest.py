"""A folder of its own for each test's files, and a database for their vectors."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from controlplane.documents.vector_writing import TABLES


@pytest.fixture(autouse=True)
def documents_folder(settings, tmp_path):
    """An empty folder."""
    settings.MEDIA_ROOT = tmp_path / "documents"
    return settings.MEDIA_ROOT


@pytest.fixture(scope="session")
def vector_address() -> str:
    """The database beside the project's own that has the extension."""
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/vectors"


@pytest.fixture
def vectors(vector_address: str, settings: Any) -> Iterator["psycopg.Connection[Any]"]:
    """The tables of vectors, empty, as the product finds them."""
    settings.PGVECTOR_CONNECTION_STRING = vector_address.replace("postgresql://", "postgresql+psycopg://")
    with psycopg.connect(vector_address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS langchain_pg_embedding, langchain_pg_collection")
        for statement in TABLES:
            connection.execute(statement)
        yield connection
