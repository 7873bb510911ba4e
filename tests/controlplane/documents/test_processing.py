"""From a file to passages that are found: read, cut, embedded, written, each once."""

import psycopg
import pytest

from controlplane.documents.batches import CHUNKS_PER_BATCH
from controlplane.documents.claims import MOST_ATTEMPTS, document_claim
from controlplane.documents.models import EmbeddedBatch, UserDocument
from controlplane.documents.processing import document_process
from controlplane.documents.search import Question, passages_find
from controlplane.errors import Invalid
from controlplane.language_models.models import AllowedModel
from controlplane.usage.models import TokenUsage
from tests.controlplane.documents.files import upload
from tests.controlplane.documents.house_embedder import house_embedder

TEA = b"""# Tea

## Green tea

Green tea is steamed or pan-fired soon after it was picked, so that it does not oxidize.

## Black tea

Black tea is rolled and oxidized until its leaves are dark; it keeps for years.
"""
SHIPS = b"A frigate carried its guns on one deck. Brigs had two masts and square sails.\n"


@pytest.fixture(autouse=True)
def house(settings, transactional_db):
    AllowedModel.objects.create(name=settings.EMBEDDING_MODEL, provider="openai", is_active=True)
    with house_embedder() as listening:
        settings.EMBEDDINGS_BASE_URL = listening.base_url
        yield listening


def process(document: UserDocument) -> UserDocument:
    document_process(document_id=document.pk)
    document.refresh_from_db()
    return document


def chunks(vectors: psycopg.Connection, document: UserDocument) -> list[tuple[str, str]]:
    query = "SELECT id, document FROM langchain_pg_embedding WHERE cmetadata->>'document_id' = %s ORDER BY id"
    return vectors.execute(query, [str(document.pk)]).fetchall()


def test_markdown_becomes_chunks_under_its_headings(user, vectors):
    document = process(upload(user, "tea.bin", TEA))

    assert (document.processing_status, document.error_message) == ("completed", "")
    assert (document.file_type, document.chunk_count, document.embedded_count) == ("text/markdown", 2, 2)
    assert document.vector_collection_name == f"user_{user.pk}_documents"
    assert sorted(document.vector_store_ids) == [chunk_id for chunk_id, _ in chunks(vectors, document)]
    assert not EmbeddedBatch.objects.exists()
    usage = TokenUsage.objects.get()
    assert (usage.request_type, usage.outcome, usage.is_estimated) == ("embedding", "finished", False)


def test_right_passage_is_found_and_knows_where_it_stands(user, vectors):
    tea, _ = process(upload(user, "tea.md", TEA)), process(upload(user, "ships.txt", SHIPS))

    found = passages_find(Question(text="Which kind is not fermented?"), owner_id=user.pk)

    assert next((one.document_id, one.heading) for one in found) == (tea.pk, "Tea > Green tea")
    assert len(found) == 3
    assert found[0].score > found[-1].score


def test_words_are_found_that_no_meaning_leads_to(user, vectors):
    process(upload(user, "tea.md", TEA))
    ships = process(upload(user, "ships.txt", SHIPS + b"The part number is ZX-81-Q.\n"))

    (best, *_) = passages_find(Question(text="zx-81-q"), owner_id=user.pk)

    assert best.document_id == ships.pk


def test_nobody_finds_what_is_anothers(user, stranger, vectors):
    process(upload(stranger, "tea.md", TEA))
    mine = process(upload(user, "ships.txt", SHIPS))

    found = passages_find(Question(text="green tea", limit=50), owner_id=user.pk)

    assert {one.document_id for one in found} == {mine.pk}


def test_switched_off_and_on_without_new_vectors(user, house, vectors):
    document = process(upload(user, "tea.md", TEA))
    calls = len(house.asked)
    UserDocument.objects.update(is_active=False)
    assert passages_find(Question(text="tea"), owner_id=user.pk) == []
    assert len(house.asked) == calls
    UserDocument.objects.update(is_active=True)

    assert passages_find(Question(text="tea"), owner_id=user.pk)[0].document_id == document.pk


def test_processed_twice_is_written_once(user, vectors):
    document = process(upload(user, "tea.md", TEA))
    before = chunks(vectors, document)
    UserDocument.objects.update(processing_status="pending", processing_until=None)

    assert process(document).processing_status == "completed"

    assert chunks(vectors, document) == before


def test_what_was_paid_for_is_not_paid_again(user, house, vectors, monkeypatch):
    lines = b"".join(b"Line %d of a long book about the sea.\n\n" % number * 30 for number in range(90))
    document = upload(user, "long.txt", lines)
    monkeypatch.setattr("controlplane.documents.processing.write_document", _cut_off)
    with pytest.raises(KeyboardInterrupt):
        document_process(document_id=document.pk)
    monkeypatch.undo()
    batches = len(house.asked)
    assert batches == EmbeddedBatch.objects.count() > 1
    UserDocument.objects.update(processing_until="2020-01-01T00:00:00Z")

    assert process(document).processing_status == "completed"

    assert len(house.asked) == batches
    assert document.chunk_count > CHUNKS_PER_BATCH
    assert len(chunks(vectors, document)) == document.chunk_count


def _cut_off(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_file_that_cannot_be_read_fails_in_words(user, vectors):
    document = process(upload(user, "notes.pdf", b"%PDF-1.7 and then nothing of the kind"))

    assert (document.processing_status, document.error_message) == (
        "failed",
        "The file is damaged or incomplete.",
    )
    assert vectors.execute("SELECT count(*) FROM langchain_pg_embedding").fetchone() == (0,)


def test_claim_is_one_and_ends_after_some_deaths(user):
    document = upload(user)
    claims = []
    for _ in range(MOST_ATTEMPTS):
        claims.append(document_claim(document_id=document.pk))
        assert document_claim(document_id=document.pk) is None
        UserDocument.objects.update(processing_until="2020-01-01T00:00:00Z")
    assert [claim.attempt for claim in claims] == [1, 2, 3, 4, 5]
    assert [claim.note() for claim in claims] == [False, False, False, False, True]
    UserDocument.objects.update(processing_until="2020-01-01T00:00:00Z")

    assert document_claim(document_id=document.pk) is None

    document.refresh_from_db()
    assert document.processing_status == "failed"


def test_collection_of_another_model_is_refused(user, settings, vectors):
    process(upload(user, "tea.md", TEA))
    settings.EMBEDDING_MODEL = "another"
    AllowedModel.objects.create(name="another", provider="openai", is_active=True)

    document = process(upload(user, "ships.txt", SHIPS))

    assert document.processing_status == "failed"
    assert "another embedding model" in document.error_message


@pytest.mark.parametrize(
    "filters",
    [
        {"user_id": "x"},
        {"tags": {"$in": []}},
        {"page": {"$gt": "one"}},
        {"category": {"$like": "x"}},
        {"category": "\x00"},
        {"uploaded_at": {"$gt": "yesterday"}},
        {"a'b": 1},
    ],
    ids=str,
)
def test_filter_that_cannot_be_is_refused(user, filters):
    with pytest.raises(Invalid):
        passages_find(Question(text="tea", filters=filters), owner_id=user.pk)


def test_filters_narrow(user, vectors):
    tea = process(upload(user, "tea.md", TEA, category="drinks", tags=["tea", "japan"]))
    process(upload(user, "ships.txt", SHIPS, category="sea"))

    def found(**filters: object) -> set[object]:
        asked = Question(text="tea", filters=filters, limit=50)
        return {one.document_id for one in passages_find(asked, owner_id=user.pk)}

    for filters in (
        {"category": {"$eq": "drinks"}},
        {"category": {"$in": ["drinks", "none"]}},
        {"tags": {"$in": ["japan"]}},
        {"file_name": "tea.md"},
        {"chunk": {"$lte": 5}, "category": "drinks"},
        {"uploaded_at": {"$gt": "2020-01-01T00:00:00Z"}, "tags": "tea"},
    ):
        assert found(**filters) == {tea.pk}, filters
    assert found(uploaded_at={"$lt": "2020-01-01T00:00:00Z"}) == set()


def test_deleted_meanwhile_leaves_nothing(user, vectors, monkeypatch):
    document = upload(user, "tea.md", TEA)

    def delete_then_embed(*_: object, **__: object) -> object:
        UserDocument.objects.filter(pk=document.pk).update(deleted_at="2026-01-01T00:00:00Z")
        return [[0.0]]

    monkeypatch.setattr("controlplane.documents.processing.chunks_embed", delete_then_embed)

    assert not document_process(document_id=document.pk)

    assert vectors.execute("SELECT count(*) FROM langchain_pg_embedding").fetchone() == (0,)


def test_tables_of_another_form_put_it_off(user, vectors):
    vectors.execute("ALTER TABLE langchain_pg_collection DROP CONSTRAINT langchain_pg_collection_name_key")
    document = process(upload(user, "tea.md", TEA))
    assert (document.processing_status, document.error_message) == ("pending", "")
    assert document.processing_until is not None
    vectors.execute("ALTER TABLE langchain_pg_collection ADD UNIQUE (name)")
    UserDocument.objects.update(processing_until="2020-01-01T00:00:00Z")

    assert process(document).processing_status == "completed"
