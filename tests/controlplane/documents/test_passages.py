"""A document's passages are read in their order, by their owner alone, and cost nothing."""

import uuid
from unittest.mock import patch

import pytest

from controlplane.documents.models import UserDocument
from controlplane.documents.processing import document_process
from controlplane.embeddings.client import Embeddings
from controlplane.language_models.models import AllowedModel
from controlplane.usage.models import TokenUsage
from tests.controlplane.documents.files import upload

TEXT = "\n\n".join(f"# Chapter {number}\n\n" + f"Sentence of chapter {number}. " * 60 for number in range(7))


@pytest.fixture
def document(user, vectors, settings, transactional_db):
    """A document of several passages."""
    AllowedModel.objects.create(name=settings.EMBEDDING_MODEL, provider="openai", is_active=True)
    made = upload(user, "chapters.md", TEXT.encode())
    with patch("controlplane.documents.batches.texts_embed", _embedded):
        assert document_process(document_id=made.pk)
    return UserDocument.objects.get(pk=made.pk)


def _embedded(texts: list[str], **_: object) -> Embeddings:
    return Embeddings(attempt_id=uuid.uuid4(), vectors=[[1.0, 0.5] for _ in texts])


def test_passages_come_in_pages_and_in_order(api, document):
    address = f"/api/v1/documents/{document.pk}/passages/"
    calls = TokenUsage.objects.count()
    first, second = (api.get(address, {"first": first, "limit": 3}).json() for first in (0, 3))
    places = [row["chunk"] for row in first["results"] + second["results"]]
    assert places == [0, 1, 2, 3, 4, 5]
    assert first["total"] == document.chunk_count > 6
    assert "chapter 0" in first["results"][0]["text"]
    assert first["results"][0]["heading"] == "Chapter 0"
    assert api.get(address, {"first": document.chunk_count}).json()["results"] == []
    assert TokenUsage.objects.count() == calls


def test_one_passage_is_read_by_the_number_that_an_answer_names(api, document):
    found = api.get(f"/api/v1/documents/{document.pk}/passages/", {"first": 4, "limit": 1}).json()
    assert [row["chunk"] for row in found["results"]] == [4]


@pytest.mark.parametrize("asked", [{"first": -1}, {"limit": 0}, {"limit": 51}, {"first": "x"}])
def test_a_page_that_cannot_be_is_refused(api, document, asked):
    answer = api.get(f"/api/v1/documents/{document.pk}/passages/", asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "validation_failed")


def test_passages_that_are_described_as_another_users_are_not_given(api, document, stranger, vectors):
    vectors.execute(
        """UPDATE langchain_pg_embedding SET cmetadata = jsonb_set(cmetadata, '{user_id}', to_jsonb(%s::text))
        WHERE cmetadata->>'document_id' = %s""",
        [str(stranger.pk), str(document.pk)],
    )
    assert api.get(f"/api/v1/documents/{document.pk}/passages/").json()["results"] == []


def test_a_document_without_passages_has_none(api, user):
    waiting = upload(user)
    answer = api.get(f"/api/v1/documents/{waiting.pk}/passages/")
    assert answer.json() == {"results": [], "total": 0}
