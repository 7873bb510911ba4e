"""A worker that is killed twenty times in mid-document: each is completed once, whole, and paid once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.documents.batches import CHUNKS_PER_BATCH
from controlplane.documents.claims import MOST_ATTEMPTS
from tests.conftest import DEMO_EMAIL, DEMO_PASSWORD
from tests.end_to_end.api import eventually
from tests.end_to_end.killed_processing import Scene, readers, scene_of
from tests.end_to_end.test_answers_from_documents import uploaded
from tests.shown_tables import show_table

# The last attempt of each is let be.
DOCUMENTS, KILLS_EACH = 5, MOST_ATTEMPTS - 1
PARAGRAPHS = 420


@pytest.fixture
def scene(server_folder: Path) -> Iterator[Scene]:
    """A worker that may be killed, and nobody who starts it again."""
    with scene_of(server_folder / "killed-processing", email=DEMO_EMAIL, password=DEMO_PASSWORD) as scene:
        # The tables of vectors are made with the first document.
        uploaded(scene.api, "first.txt", "The first one.")
        yield scene


def text_of(number: int) -> str:
    """Some two hundred chunks, none of which is another's."""
    return "\n\n".join(
        f"Paragraph {place} of book {number}. " + f"It says {number * 1000 + place} again. " * 20
        for place in range(PARAGRAPHS)
    )


def at_reading(scene: Scene, document: str, attempt: int) -> None:
    scene.reaches(document, "reading", attempt=attempt)
    eventually(readers, bool, within=10)


def kill_between_batches(scene: Scene, document: str, *, number: int) -> None:
    with scene.provider.holding(after=number % 4) as arrived:
        begin(scene, document, attempt=2)
        assert arrived.wait(30)
        scene.reaches(document, "embedding", attempt=2)
        kill(scene, number)


def kill_before_writing(scene: Scene, document: str, *, number: int) -> None:
    with scene.locked("langchain_pg_embedding", of="PGVECTOR_CONNECTION_STRING") as wanted:
        begin(scene, document, attempt=3)
        scene.reaches(document, "writing", attempt=3)
        wanted()
        kill(scene, number)
    assert scene.vectors(document) == []


def kill_before_the_word_of_it(scene: Scene, document: str, *, number: int) -> None:
    """The vectors are there and nobody was told."""
    with scene.locked("langchain_pg_embedding", of="PGVECTOR_CONNECTION_STRING") as wanted_vectors:
        begin(scene, document, attempt=4)
        scene.reaches(document, "writing", attempt=4)
        wanted_vectors()
        batches = scene.locked("documents_embeddedbatch")
        wanted_batches = batches.__enter__()
    try:
        wanted_batches()
        assert len(scene.vectors(document)) > 3 * CHUNKS_PER_BATCH
        kill(scene, number)
    finally:
        batches.__exit__(None, None, None)
    assert scene.document(document)["processing_status"] == "processing"


def begin(scene: Scene, document: str, *, attempt: int) -> None:
    eventually(
        lambda: scene.document(document)["processing_attempt"], lambda was: was == attempt - 1, within=10
    )
    scene.take_up(document)


def kill(scene: Scene, number: int) -> None:
    """Kill the working processes; of every third document the whole worker."""
    if number % 3 == 0:
        scene.worker.kill()
        scene.worker.start()
    else:
        scene.worker.kill_hands()


@pytest.mark.timeout(240)
def test_each_document_is_completed_once(scene: Scene) -> None:
    began, kills = time.monotonic(), 0
    documents = []
    for number in range(DOCUMENTS):
        files = {"file": (f"book-{number}.txt", text_of(number).encode())}
        document = scene.api.expect(201, "POST", "documents/", files=files)["id"]
        at_reading(scene, document, attempt=1)
        kill(scene, number)
        kill_between_batches(scene, document, number=number)
        kill_before_writing(scene, document, number=number)
        kill_before_the_word_of_it(scene, document, number=number)
        kills += KILLS_EACH
        scene.take_up(document)
        documents.append(document)
        eventually(lambda: scene.document(documents[-1])["processing_status"], "completed".__eq__, within=30)
    for document in documents:
        check_whole(scene, document)
    check_paid_once(scene, documents)
    assert eventually(readers, lambda left: not left, within=10) == []
    assert kills == 20
    show_table(
        f"worker killed in mid-document {kills} times, {time.monotonic() - began:.0f} s: "
        f"{len(documents)} documents completed once, 0 chunks twice, 0 orphans, 0 batches paid twice"
    )


def check_whole(scene: Scene, document: str) -> None:
    row, found = scene.document(document), scene.vectors(document)

    assert (row["processing_status"], row["processing_attempt"]) == ("completed", MOST_ATTEMPTS)
    assert row["chunk_count"] == row["embedded_count"] == len(found) > 3 * CHUNKS_PER_BATCH
    assert sorted(one["cmetadata"]["chunk"] for one in found) == list(range(len(found)))
    assert sorted(row["vector_store_ids"]) == sorted(one["id"] for one in found)
    text = "\n".join(one["document"] for one in found)
    assert all(f"Paragraph {place} of book" in text for place in range(PARAGRAPHS))


def check_paid_once(scene: Scene, documents: list[str]) -> None:
    """The provider gave each chunk's vector once, and the ledger has one finished call for each batch."""
    chunks = [scene.document(document)["chunk_count"] for document in documents]
    assert set(scene.provider.given.values()) == {1}
    assert scene.provider.given.total() == sum(chunks) + 1
    finished = scene.rows("SELECT count(*) AS n FROM usage_tokenusage WHERE outcome = 'finished'")
    assert finished == [{"n": 1 + sum(-(-count // CHUNKS_PER_BATCH) for count in chunks)}]
    assert scene.rows("SELECT count(*) AS n FROM documents_embeddedbatch") == [{"n": 0}]
    stored = scene.rows("SELECT count(*) AS n FROM langchain_pg_embedding", of="PGVECTOR_CONNECTION_STRING")
    assert stored == [{"n": sum(chunks) + 1}]
