"""Deleting a document: vectors, file and row, in this order, so that a stop in between leaves a way back."""

import os
import uuid
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.utils import timezone
from psycopg import sql
from psycopg.types.json import Jsonb

from controlplane.documents import deletion, services, vectors
from controlplane.documents.deletion import document_erase, sweep_deleted_documents
from controlplane.documents.models import UserDocument
from controlplane.documents.services import document_delete
from controlplane.documents.tasks import sweep_deletions
from controlplane.errors import Conflict, Unavailable
from tests.controlplane.documents.files import kept_files, upload

TABLES = """
    CREATE TABLE langchain_pg_collection (uuid uuid PRIMARY KEY, name varchar, cmetadata json);
    CREATE TABLE langchain_pg_embedding (
        id varchar PRIMARY KEY, collection_id uuid REFERENCES langchain_pg_collection ON DELETE CASCADE,
        document varchar, cmetadata jsonb
    );
"""


@pytest.fixture(scope="module")
def vector_server():
    """An empty database of its own."""
    name = f"vectors_{uuid.uuid4().hex}"
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def vector_database(vector_server, settings):
    """The tables as langchain-postgres makes them, empty."""
    settings.PGVECTOR_CONNECTION_STRING = vector_server.replace("postgresql://", "postgresql+psycopg://")
    with psycopg.connect(vector_server, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS langchain_pg_embedding, langchain_pg_collection")
        connection.execute(TABLES)
        yield connection


def add_vectors(database, document: UserDocument, collection: str, count: int = 2, **described: str) -> None:
    query = "SELECT uuid FROM langchain_pg_collection WHERE name = %s"
    found = database.execute(query, (collection,)).fetchone()
    collection_id = found[0] if found else uuid.uuid4()
    if not found:
        database.execute(
            "INSERT INTO langchain_pg_collection VALUES (%s, %s, '{}')", (collection_id, collection)
        )
    for _ in range(count):
        database.execute(
            "INSERT INTO langchain_pg_embedding VALUES (%s, %s, 'text', %s)",
            (str(uuid.uuid4()), collection_id, Jsonb({"document_id": str(document.pk), **described})),
        )


def left(database) -> tuple[int, list[str]]:
    vectors_left = database.execute("SELECT count(*) FROM langchain_pg_embedding").fetchone()[0]
    names = database.execute("SELECT name FROM langchain_pg_collection ORDER BY name").fetchall()
    return vectors_left, [name for (name,) in names]


def test_vectors_go_with_the_document_and_others_stay(user, vector_database):
    mine, other = upload(user), upload(user)
    UserDocument.objects.update(vector_collection_name="shared")
    add_vectors(vector_database, mine, "shared")
    add_vectors(vector_database, other, "shared", count=1)

    document_delete(document_id=mine.pk, owner_id=user.pk)
    sweep_now()
    assert left(vector_database) == (1, ["shared"])

    document_delete(document_id=other.pk, owner_id=user.pk)
    sweep_now()
    assert left(vector_database) == (0, [])


def sweep_now() -> None:
    """Let the sweep come late enough."""
    UserDocument.objects.deleted().update(deleted_at=timezone.now() - timedelta(minutes=1))
    sweep_deletions()


def test_vectors_that_only_their_ids_tell_go_too(user, vector_database):
    document = upload(user)
    add_vectors(vector_database, upload(user), "one", count=1)
    (name,) = vector_database.execute("SELECT id FROM langchain_pg_embedding").fetchone()
    UserDocument.objects.filter(pk=document.pk).update(vector_store_ids=[name, 7])

    document_delete(document_id=document.pk, owner_id=user.pk)
    sweep_now()

    assert left(vector_database)[0] == 0


def test_more_vectors_than_one_statement_takes_go_all(user, vector_database, monkeypatch):
    monkeypatch.setattr(vectors, "ROWS_PER_STATEMENT", 2)
    document = upload(user)
    add_vectors(vector_database, document, "one", count=5)

    assert vectors.erase_of_document(document.pk) == 5


def test_vectors_of_a_user_go_at_once(user, vector_database):
    add_vectors(vector_database, upload(user), "one", user_id=str(user.pk))
    add_vectors(vector_database, upload(user), "one", user_id=str(uuid.uuid4()))

    assert vectors.erase_of_user(user.pk) == 2
    assert left(vector_database)[0] == 2


def test_database_without_the_tables_holds_no_vectors(user, vector_database):
    vector_database.execute("DROP TABLE langchain_pg_embedding, langchain_pg_collection")

    assert vectors.erase_of_user(user.pk) == 0
    vectors.forget_empty_collection("one")


def test_database_that_is_away_keeps_the_document_for_the_sweep(user, settings):
    settings.PGVECTOR_CONNECTION_STRING = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    document = upload(user)

    services._erase_now(document.pk)
    document_delete(document_id=document.pk, owner_id=user.pk)
    services._erase_now(document.pk)

    assert UserDocument.objects.deleted().count() == 1
    assert len(kept_files()) == 1
    with pytest.raises(Unavailable):
        document_erase(document_id=document.pk)

    settings.PGVECTOR_CONNECTION_STRING = None
    sweep_now()
    assert (UserDocument.objects.count(), kept_files()) == (0, [])


@pytest.mark.parametrize("step", ["erase_of_document", "forget_empty_collection"])
def test_stop_in_between_is_made_up_for(user, monkeypatch, step):
    document = upload(user)
    document_delete(document_id=document.pk, owner_id=user.pk)

    def die(*args: object, **kwargs: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deletion.vectors, step, die)
        with pytest.raises(KeyboardInterrupt):
            document_erase(document_id=document.pk)
    assert len(kept_files()) == 1

    sweep_now()
    assert (UserDocument.objects.count(), kept_files()) == (0, [])


def test_file_that_is_gone_already_is_no_obstacle(user):
    document = upload(user)
    document_delete(document_id=document.pk, owner_id=user.pk)
    Path(document.file.path).unlink()

    assert document_erase(document_id=document.pk)["documents"] == 1


def test_young_deletion_is_left_to_whoever_began_it(user):
    document_delete(document_id=upload(user).pk, owner_id=user.pk)

    assert sweep_deleted_documents() == 0
    assert UserDocument.objects.deleted().count() == 1


def test_document_being_deleted_is_gone_for_its_user_and_for_processing(api, user):
    document = upload(user)
    document_delete(document_id=document.pk, owner_id=user.pk)

    assert api.get(f"/api/v1/documents/{document.pk}/").status_code == 404
    assert api.get("/api/v1/documents/").json()["results"] == []
    assert UserDocument.get_user_storage_usage(user)["document_count"] == 0
    with pytest.raises(Conflict):
        document.mark_processing_started()
    assert UserDocument.objects.get().processing_status == "pending"


def test_living_document_is_left_alone(user):
    document = upload(user)
    assert document_erase(document_id=document.pk) == {}
    assert len(kept_files()) == 1
